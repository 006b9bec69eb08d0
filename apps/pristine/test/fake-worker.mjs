// A worker without an interpreter, that does what the source of a program says: the crew's tests start dozens of them.
const say = (message) => process.send(message);
const acts = {
  answer: () => "answered",
  worn: () => {
    setImmediate(() => say({ type: "worn", left: 1 }));
    return "worn";
  },
  broken: () => {
    setImmediate(() => say({ type: "worn", left: 0 }));
    return "broken";
  },
};

process.on("message", ({ id, job }) => {
  const { source = "" } = job;
  if (source === "die") process.exit(7);
  if (source === "hang") return;
  if (job.kind === "guest") {
    say({ type: "answer", id, result: { kind: "guest", visit: 1 }, milliseconds: 1 });
  } else if (source === "refused") {
    const result = { kind: "failed", code: "refused", message: "no" };
    say({ type: "answer", id, result, milliseconds: 1 });
  } else {
    const output = (acts[source] ?? (() => source))();
    const reply = { value: String(process.pid), error: null, output };
    say({ type: "answer", id, result: { kind: "python", reply }, milliseconds: 1 });
  }
  setTimeout(() => say({ type: "free" }), 5);
});
process.on("disconnect", () => process.exit(0));
const { reset } = JSON.parse(process.argv[2]);
if (reset === "new") process.exit(3); // cannot start
say({ type: "ready" });
