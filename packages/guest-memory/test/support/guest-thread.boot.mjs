import { register } from "tsx/esm/api";

register();
await import("./guest-thread.ts");
