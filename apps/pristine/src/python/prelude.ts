/**
 * What the interpreter runs before the image is taken: the function that evaluates requests, and the modules that most of them
 * want, so that no request pays for importing them.
 *
 * The modules that lead to JavaScript are taken out of `sys.modules`, so that an `import js` says that there is none. They stay
 * alive: an interpreter that lets go of one calls JavaScript, and is thrown away for it.
 *
 * @module
 */

/** Imported before the image is taken. All of them are written in Python or C, and none calls JavaScript. */
const WARM: string =
  "ast, base64, collections, contextlib, csv, dataclasses, datetime, decimal, enum, functools, hashlib, io, itertools, " +
  "json, math, os, random, re, statistics, string, sys, tempfile, textwrap, time, traceback, types, typing, uuid";

export const PRELUDE: string = `
import ast, gc, json, random, sys, traceback
import ${WARM}

def prepare():
    main = sys.modules["__main__"].__dict__
    kept = [sys.modules.pop(name) for name in list(sys.modules)
            if name.split(".")[0] in ("js", "pyodide_js", "_pyodide_core", "pyodide", "_pyodide")]
    kept.append([finder for finder in sys.meta_path if type(finder).__name__ == "JsFinder"])
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "JsFinder"]

    def value_of(tree):
        last = tree.body[-1] if tree.body else None
        if not isinstance(last, ast.Expr):
            exec(compile(tree, "<request>", "exec"), main)
            return None
        tree.body.pop()
        exec(compile(tree, "<request>", "exec"), main)
        return eval(compile(ast.Expression(last.value), "<request>", "eval"), main)

    def evaluate(source, seed=random.seed, keep=kept):
        seed()  # the image has the same state for everybody
        value = error = None
        try:
            result = value_of(compile(source, "<request>", "exec", ast.PyCF_ONLY_AST))
            value = None if result is None else repr(result)
        except BaseException:
            error = traceback.format_exc(limit=-8)
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                error = error or traceback.format_exc(limit=-8)
        return json.dumps([value, error]).encode("utf-8", "backslashreplace")

    return evaluate

evaluate = prepare()
del prepare
`;

/**
 * Runs last. What is alive now stays, and no collection of a request need look at it.
 *
 * Then the holes that starting has left in the heap are filled: a request's small objects would lie scattered over hundreds of
 * pages with room for one or two each, and each of those pages would have to be written again. Sizes are asked for from large to
 * small, each until two pages full of them come in a row: this interpreter is built without pymalloc, so it is emscripten's dlmalloc
 * that looks for the best fit.
 */
export const SETTLE: string = `
def settle():
    import gc
    gc.collect()
    filling = []
    for size in (*range(2050, 514, -64), *range(514, 0, -8), None):
        last = step = full = pages = 0
        for _ in range(20_000):
            block = object() if size is None else bytes(size)
            filling.append(block)
            at = id(block)
            full = full + step if at - last == step else 0
            step = at - last
            last = at
            if full >= 4_096:
                full = 0
                pages += 1
                if pages == 2:
                    break
    gc.freeze()
    return filling
filling = settle()
del settle
`;
