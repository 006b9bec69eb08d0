/**
 * What a package costs a bundle, minified and gzipped, everything that its index exports and everything that needs.
 *
 * `import` must be given: with `sideEffects: false` and no import a bundler rightly keeps nothing, and the figure is
 * that of nothing.
 */
const LIMITS = {
  core: "12 kB",
  "frame-meta": "12 kB",
  "guest-memory": "9 kB",
  "mmap-region": "10 kB",
  "page-table": "16 kB",
};

export default Object.entries(LIMITS).map(([name, limit]) => ({
  name: `@memkit/${name}`,
  path: `packages/${name}/dist/index.js`,
  import: "*",
  gzip: true,
  // Chunks without side effects import one another bare; that nothing of them is kept is what we measure.
  modifyEsbuildConfig: (config) => ({ ...config, logLevel: "error" }),
  limit,
}));
