import fc from "fast-check";
import { inject } from "vitest";

// A run without a seed of its own takes the one of all: a test that fails does so because of what was changed.
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: inject("seed") });
