/**
 * What a package costs a bundle, minified and gzipped: everything that its index exports, and everything that needs.
 *
 * `import` must be given: with `sideEffects: false` and no import a bundler rightly keeps nothing, and the figure is
 * that of nothing.
 */
const EVERYTHING = [
  { name: "core", limit: "18 kB" },
  // The aim is 12 kB. What it needs of core is 10.4 alone: layouts, physical memory, readers and writers.
  { name: "frame-meta", limit: "23.5 kB" },
  // Counts and slots by frame number, without handles: within the aim.
  { name: "frame-meta", entry: "slots", limit: "12 kB" },
  // Alone: who uses it uses core beside it, for the layouts of what it reads. The aim is 9 kB: the checker with its sets and tree is 3.3.
  { name: "guest-memory", limit: "13.5 kB", without: ["@memkit/core", "@memkit/core/*"] },
  { name: "mmap-region", limit: "10 kB" },
  { name: "page-table", limit: "16 kB" },
];

export default EVERYTHING.map(({ name, entry, limit, without }) => ({
  name: `@memkit/${name}${entry ? `/${entry}` : ""}${without ? ", without core" : ""}`,
  path: `packages/${name}/dist/${entry ?? "index"}.js`,
  import: "*",
  gzip: true,
  ...(without && { ignore: without }),
  // Chunks without side effects import one another bare; that nothing of them is kept is what we measure.
  modifyEsbuildConfig: (config) => ({ ...config, logLevel: "error" }),
  limit,
}));
