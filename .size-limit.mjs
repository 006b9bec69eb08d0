/**
 * What a package costs a bundle, minified and gzipped: everything that its index exports, and everything that needs.
 *
 * `import` must be given: with `sideEffects: false` and no import a bundler rightly keeps nothing, and the figure is
 * that of nothing.
 */
const EVERYTHING = [
  { name: "core", limit: "18 kB" },
  // The aim is 12 kB. Of core it needs physical memory, sources and errors, and no layouts: who defines a type with fields brings those.
  { name: "frame-meta", limit: "13 kB" },
  // Counts and slots by frame number, without handles: within the aim.
  { name: "frame-meta", entry: "slots", limit: "7 kB" },
  // What other handles and the bytes of frames cost who has none of the main entry; beside it they cost about half.
  { name: "frame-meta", entry: "unique", limit: "5.5 kB" },
  { name: "frame-meta", entry: "segment", limit: "7 kB" },
  { name: "frame-meta", entry: "untyped", limit: "5 kB" },
  // Alone: who uses it uses core beside it, for the layouts of what it reads. The aim is 9 kB: the checker with its sets and tree is 3.3.
  { name: "guest-memory", limit: "13.5 kB", without: ["@memkit/core", "@memkit/core/*"] },
  { name: "mmap-region", limit: "10 kB" },
  { name: "page-table", limit: "16 kB" },
  // The walker, and the unit that makes accesses and faults of its walks.
  { name: "page-table", entry: "walk", limit: "7.2 kB" },
  // Tables in frames, of an agent that is alone, with all of core and frame-meta that they need. The aim is 16 kB: without protectRange,
  // cleanUp, translate, replace, the kernel's half, a frame's sending and locks, and errors as JSON it would be 18.5 still.
  { name: "page-table", entry: "table", limit: "22.1 kB" },
];

/** A small program: a table, handles, and a type with fields of its own, for which the layout language comes along. */
const SMALLEST = {
  name: "@memkit/frame-meta, a table and a type of two fields",
  import: {
    "packages/frame-meta/dist/index.js": "{ defineFrameMeta, Frame, FrameTable }",
    "packages/core/dist/index.js": "{ atomic, struct, u32 }",
  },
  gzip: true,
  limit: "18.5 kB",
};

/** Translation alone: within the aim. */
const WALKER = {
  name: "@memkit/page-table/walk, the walker alone",
  import: { "packages/page-table/dist/walk.js": "{ Walker }" },
  gzip: true,
  limit: "6 kB",
};

/** Tables that several agents change, of one format. */
const SHARED_TABLES = {
  name: "@memkit/page-table, tables of x86-64 that agents share",
  import: {
    "packages/page-table/dist/table.js": "{ PageTable }",
    "packages/page-table/dist/format.js": "{ userConfig, x86Format }",
    "packages/page-table/dist/shared.js": "{ shareTables }",
  },
  gzip: true,
  limit: "29.8 kB",
};

const whole = EVERYTHING.map(({ name, entry, limit, without }) => ({
  name: `@memkit/${name}${entry ? `/${entry}` : ""}${without ? ", without core" : ""}`,
  path: `packages/${name}/dist/${entry ?? "index"}.js`,
  import: "*",
  gzip: true,
  ...(without && { ignore: without }),
  // Chunks without side effects import one another bare; that nothing of them is kept is what we measure.
  modifyEsbuildConfig: (config) => ({ ...config, logLevel: "error" }),
  limit,
}));

const { modifyEsbuildConfig } = whole[0];
const parts = [SMALLEST, WALKER, SHARED_TABLES].map((part) => ({ ...part, modifyEsbuildConfig }));

export default [...whole, ...parts];
