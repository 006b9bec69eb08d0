/**
 * Programs that try to leave something to whoever comes next, and programs that look for it.
 *
 * @module
 */

/** See the head of this module. A probe's value is compared with what a new interpreter answers. */
export interface Attack {
  readonly name: string;
  /** Leaves something behind. */
  readonly plant: string;
  /** Looks for it. */
  readonly probe: string;
  /** What the interpreter is expected to come to by planting: it answers, or it is thrown away. */
  readonly ends?: "refused" | "crashed" | "deadline" | "too-much-output";
}

/** The guest's directory for temporary files. */
const TMP = ["", "tmp"].join("/");

export const ATTACKS: readonly Attack[] = [
  { name: "global variable", plant: "secret = 'token'", probe: "'secret' in globals()" },
  {
    name: "function of a module replaced",
    plant: "import json; json.dumps = lambda *a, **k: '[\"stolen\", null]'",
    probe: "import json; json.dumps({'a': 1})",
  },
  {
    name: "module added to sys.modules",
    plant: "import sys, types; sys.modules['requests'] = types.ModuleType('requests')",
    probe: "import sys; 'requests' in sys.modules",
  },
  {
    name: "import hook",
    plant: "import sys; sys.meta_path.insert(0, type('Spy', (), {'find_spec': lambda *a: None})())",
    probe: "import sys; [type(f).__name__ for f in sys.meta_path]",
  },
  { name: "builtins", plant: "import builtins; builtins.len = lambda _: 42", probe: "len([1])" },
  {
    name: "builtin type's cache",
    plant: "import functools\n@functools.cache\ndef f(): pass\nimport re; re.compile('needle.*')",
    probe: "import re; any('needle' in str(k) for k in re._cache)",
  },
  {
    name: "trace function",
    plant: "import sys; sys.settrace(lambda *a: None); sys.setprofile(None)",
    probe: "import sys; sys.gettrace() is None",
  },
  {
    name: "recursion limit",
    plant: "import sys; sys.setrecursionlimit(77)",
    probe: "import sys; sys.getrecursionlimit()",
  },
  {
    name: "standard output replaced",
    plant: "import sys, io; sys.stdout = io.StringIO()",
    probe: "import sys; print('seen'); type(sys.stdout).__name__",
  },
  {
    name: "standard output closed",
    plant: "import os; os.close(1)",
    probe: "import os; os.write(1, b'seen'); os.isatty(1)",
  },
  {
    name: "unflushed output",
    plant: "import sys; sys.stdout.write('half a line of the request before')",
    probe: "print('whole line')",
  },
  {
    name: "os.environ",
    plant: "import os; os.environ['KEY'] = '1'; os.putenv('RAW', '1')",
    probe: "import os; os.environ.get('KEY')",
  },
  {
    name: "file in /tmp",
    plant: `open('${TMP}/note', 'w').write('x' * 100_000)`,
    probe: `import os; sorted(os.listdir('/tmp')), os.path.exists('${TMP}/note')`,
  },
  {
    name: "file called __proto__",
    plant: `import os; os.mkdir('${TMP}/__proto__'); open('${TMP}/__proto__/x', 'w').close(); os.mkdir('${TMP}/constructor')`,
    probe: `import os; sorted(os.listdir('/tmp')), os.path.exists('${TMP}/__proto__'), os.path.exists('${TMP}/constructor')`,
  },
  {
    name: "standard library overwritten",
    plant:
      "import sys; f = open(next(p for p in sys.path if p.endswith('.zip')), 'r+b'); f.seek(100); f.write(b'\\0' * 1000); f.close()",
    probe:
      "import sys, hashlib; hashlib.sha256(open(next(p for p in sys.path if p.endswith('.zip')), 'rb').read()).hexdigest()",
  },
  {
    name: "directory removed",
    plant: "import os; os.rename('/home', '/house'); os.rmdir('/tmp')",
    probe: "import os; sorted(os.listdir('/'))",
  },
  {
    name: "order of a directory",
    plant: "import os; os.rename('/home', '/h'); os.rename('/h', '/home')",
    probe: "import os; os.listdir('/')",
  },
  {
    name: "times of a file",
    plant: "import os; os.utime('/tmp', (1, 1))",
    probe: "import os; os.stat('/tmp').st_mtime == 1",
  },
  {
    name: "mode of a file",
    plant: "import os; os.chmod('/tmp', 0)",
    probe: "import os; oct(os.stat('/tmp').st_mode)",
  },
  {
    name: "working directory",
    plant: "import os; os.chdir('/tmp')",
    probe: "import os; os.getcwd()",
  },
  {
    name: "open file",
    plant: `import os; fd = os.open('${TMP}/held', os.O_CREAT | os.O_RDWR); os.dup2(fd, 50); os.write(50, b'x')`,
    probe:
      "import os\ntry:\n    os.fstat(50); r = 'open'\nexcept OSError as e:\n    r = e.errno\nr",
  },
  {
    name: "number of the next file",
    plant: `open('${TMP}/a', 'w').close()`,
    probe: `import os; os.mkdir('${TMP}/b'); os.stat('${TMP}/b').st_ino`,
  },
  { name: "umask of the server", plant: "import os; os.umask(0)", probe: "import os; os.umask(0)" },
  {
    name: "generator kept alive",
    plant:
      "import gc\ndef g():\n    try:\n        yield 1\n    finally:\n        import builtins; builtins.ran = True\nkept = g(); next(kept)",
    probe: "import builtins, gc; gc.collect(); hasattr(builtins, 'ran')",
  },
  {
    name: "exit handler",
    plant: "import atexit; atexit.register(print, 'handler of the request before')",
    probe: "import atexit; atexit._ncallbacks()",
  },
  {
    name: "garbage with a finalizer",
    plant:
      "import sys\nclass F:\n    def __del__(self):\n        sys.modules['json'].leaked = 1\nf = F(); f.me = f; del f",
    probe: "import gc, json; gc.collect(); hasattr(json, 'leaked')",
  },
  {
    name: "interned strings and small integers",
    plant: "import sys; s = sys.intern('needle of the request before'); a = [s] * 1000",
    probe: "import sys; x = ''.join(['needle of the ', 'request before']); sys.intern(x) is x",
  },
  {
    name: "state of random",
    plant: "import random; random.seed(7); random.random()",
    probe: "import random; random.random() == 0.15084917392450192",
  },
  {
    name: "decimal's context",
    plant: "import decimal; decimal.getcontext().prec = 3",
    probe: "import decimal; str(decimal.Decimal(1) / 7)",
  },
  {
    name: "class of a built-in module changed",
    plant: "import collections; collections.OrderedDict.spy = 1",
    probe: "import collections; hasattr(collections.OrderedDict, 'spy')",
  },
  {
    name: "warnings filters",
    plant: "import warnings; warnings.simplefilter('error')",
    probe: "import warnings; len(warnings.filters)",
  },
  {
    name: "memory used up",
    plant:
      "kept = []\ntry:\n    while True: kept.append(bytearray(1 << 20))\nexcept MemoryError:\n    pass",
    probe: "len(bytearray(20 << 20)), 'kept' in globals()",
  },
  {
    name: "infinite recursion",
    plant: "def f(): return f()\nf()",
    probe: "def g(n): return n if n == 0 else g(n - 1)\ng(500)",
  },
  {
    name: "JavaScript by the import",
    plant: "try:\n    import js; js.globalThis.leaked = 1\nexcept ImportError:\n    pass",
    probe: "import sys; 'js' in sys.modules",
  },
  {
    name: "shell of the host",
    plant: `import os; os.system('touch ${TMP}/pristine-was-here')`,
    probe: `import os; os.path.exists('${TMP}/pristine-was-here')`,
  },
  {
    name: "socket",
    plant:
      "import socket\ntry:\n    socket.create_connection(('127.0.0.1', 9))\nexcept OSError:\n    pass",
    probe: "1",
  },
];

/** Attacks after which the interpreter is thrown away. They are dearer, for another must be started. */
export const FATAL_ATTACKS: readonly Attack[] = [
  {
    name: "recursion in C",
    plant: "x = []\nfor _ in range(10**5): x = [x]\nstr(x)",
    probe: "repr([[[]]])",
    ends: "crashed",
  },
  {
    name: "JavaScript by a hidden module",
    plant: "for module in evaluate.__defaults__[1]: module.leaked = 1",
    probe: "1",
    ends: "refused",
  },
  { name: "end of the process", plant: "import os; os._exit(0)", probe: "1", ends: "refused" },
  { name: "endless loop", plant: "while True: pass", probe: "1", ends: "deadline" },
  {
    name: "endless output",
    plant: "while True: print('x' * 1000)",
    probe: "1",
    ends: "too-much-output",
  },
];
