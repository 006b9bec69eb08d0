/**
 * Agents that share a table: what is on its way between them, who is in the middle of a step, and what the dead have left.
 *
 * @module
 */

export { advanceEpoch, pinnedAgents, type TableAgent } from "./agent/agent.js";
export { type ReapedFrame, type ReapOptions, type ReapReport, reap } from "./agent/reap.js";
export { inTransit, type SentKind, type TransitEntry } from "./frame/send.js";
