import { docs } from "../../typedoc.config.mjs";

export default docs(import.meta.dirname, ["src/guest-value.ts:Named"]);
