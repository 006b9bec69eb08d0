"""What the demo runs: a program that keeps a small store of files and checks everything it gets back.

Its arguments are the directory to make and work in, and how many files to keep there. It prints the same text on every system and at every time.
"""

import hashlib
import os
import sys
import time

FILES = int(sys.argv[2])
SHELVES = 8


def contents(number):
    """Between 1 KiB and 65 KiB, different for every file."""
    seed = hashlib.sha256(str(number).encode()).digest()
    return seed * (32 + (number * 37) % 2048)


def write(path, data):
    with open(path, "wb") as file:
        for start in range(0, len(data), 16384):
            file.write(data[start : start + 16384])


def read(path):
    with open(path, "rb") as file:
        return file.read()


def shelf(root, number):
    return os.path.join(root, f"shelf-{number % SHELVES}")


def fill(root):
    total = 0
    os.mkdir(root)
    for number in range(SHELVES):
        os.mkdir(shelf(root, number))
    for number in range(FILES):
        data = contents(number)
        draft = os.path.join(shelf(root, number), f"{number:03}.draft")
        write(draft, data)
        os.rename(draft, draft.removesuffix(".draft"))
        total += len(data)
    return total


def verify(root):
    """All files are kept in memory until the last is read, so that the guest's memory has to grow."""
    digest = hashlib.sha256()
    sizes = 0
    kept = []
    for number in range(FILES):
        path = os.path.join(shelf(root, number), f"{number:03}")
        data = read(path)
        assert data == contents(number), path
        sizes += os.stat(path).st_size
        kept.append(data)
    for data in kept:
        digest.update(data)
    return digest.hexdigest(), sizes


def patch(root):
    """Random access: the first 4 bytes of every tenth file replaced, its last byte read, its end cut off."""
    tails = bytearray()
    for number in range(0, FILES, 10):
        path = os.path.join(shelf(root, number), f"{number:03}")
        with open(path, "r+b", buffering=0) as file:
            file.write(b"memo")
            file.seek(-1, os.SEEK_END)
            tails += file.read(1)
            file.truncate(1024)
            assert file.tell() > 1024 or file.tell() == len(contents(number))
        os.utime(path, (1_000_000_000, 1_000_000_000 + number))
        assert os.stat(path).st_mtime == 1_000_000_000 + number
    return hashlib.sha256(tails).hexdigest()[:16]


def log(root):
    """Appending: every open adds to what the last one left."""
    path = os.path.join(root, "log")
    for number in range(SHELVES):
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"étagère {number}: {len(os.listdir(shelf(root, number)))}\n")
            if number == SHELVES - 1:
                file.flush()
                os.fsync(file.fileno())
    return read(path).decode()


def links(root):
    os.symlink("shelf-0", os.path.join(root, "first"))
    os.link(os.path.join(root, "log"), os.path.join(root, "journal"))
    assert os.readlink(os.path.join(root, "first")) == "shelf-0"
    assert sorted(os.listdir(os.path.join(root, "first"))) == sorted(os.listdir(shelf(root, 0)))
    return os.stat(os.path.join(root, "journal")).st_nlink


def escapes(root):
    """Ways out of the directory; none may work."""
    os.symlink("../../../../../../etc", os.path.join(root, "out"))
    tries = [
        os.path.join(root, "..", "..", "etc", "passwd"),
        os.path.join(root, "out", "passwd"),
        "/etc/passwd",
    ]
    refused = 0
    for path in tries:
        try:
            open(path, "rb").close()
        except OSError:
            refused += 1
    os.unlink(os.path.join(root, "out"))
    return f"{refused} of {len(tries)} refused"


def clear(root):
    removed = 0
    for directory, names, files in os.walk(root, topdown=False):
        for name in files + names:
            path = os.path.join(directory, name)
            if os.path.islink(path) or not os.path.isdir(path):
                os.unlink(path)
            else:
                os.rmdir(path)
            removed += 1
    return removed


def main():
    root = sys.argv[1]
    started = time.monotonic()
    print(f"CPython {sys.version_info.major}.{sys.version_info.minor} on {sys.platform}")
    print(f"wrote      {FILES} files, {fill(root)} bytes")
    digest, sizes = verify(root)
    print(f"read back  {sizes} bytes, sha256 {digest[:32]}")
    print(f"patched    {patch(root)}")
    print(log(root), end="")
    print(f"links      {links(root)}")
    print(f"escapes    {escapes(root)}")
    assert len(os.urandom(32)) == 32 and os.urandom(32) != os.urandom(32)
    time.sleep(0.001)
    assert time.monotonic() > started
    print(f"removed    {clear(root)} entries, {len(os.listdir(root))} left")
    os.rmdir(root)


main()
