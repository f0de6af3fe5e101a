"""A sealed process: what it may not do, how that is told, and what it still may."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

DEEDS = {
    "time.time()": "asks for the time (time.time)",
    "time.monotonic_ns()": "asks for the time (time.monotonic_ns)",
    "time.gmtime()": "asks for the time (time.gmtime)",
    "time.strftime('%H')": "asks for the time (time.strftime)",
    "time.sleep(0)": "sleeps (time.sleep)",
    "early_time()": "asks for the time (time.time)",
    "random.random()": "uses chance (random.random)",
    "random.seed()": "uses chance (random.seed)",
    "random.Random()": "uses chance (random.Random)",
    "random.SystemRandom().random()": "uses chance (random.urandom)",
    "secrets.token_hex()": "uses chance (secrets.token_hex)",
    "uuid.uuid4()": "uses chance (uuid.uuid4)",
    "uuid.uuid1()": "uses chance (uuid.uuid1)",
    "os.urandom(4)": "uses chance (os.urandom)",
    "email.utils.make_msgid()": "asks for the time (time.time)",
    "statistics.NormalDist().samples(1)": "uses chance (random.gauss)",
    "socket.socket()": "reaches for the network (socket.__new__)",
    "socket.getaddrinfo('localhost', 1)": "reaches for the network (socket.getaddrinfo 'localhost')",
    "urllib.request.urlopen('http://127.0.0.1:9')": "reaches for the network (urllib.Request",
    "open('new', 'w')": "writes to a file (open 'new')",
    "open('old', 'a')": "writes to a file (open 'old')",
    "open('old', 'r+')": "writes to a file (open 'old')",
    "os.open('new', os.O_RDONLY | os.O_CREAT)": "writes to a file (open 'new')",
    "pathlib.Path('new').touch()": "changes files (os.utime 'new')",
    "zipfile.ZipFile('new', 'w')": "writes to a file (open 'new')",
    "tempfile.mkdtemp(dir='.')": "uses chance (random.Random)",
    "os.mkdir('new')": "changes files (os.mkdir 'new')",
    "os.remove('old')": "changes files (os.remove 'old')",
    "os.rename('old', 'new')": "changes files (os.rename 'old')",
    "os.link('old', 'new')": "changes files (os.link 'old')",
    "os.symlink('old', 'new')": "changes files (os.symlink 'old')",
    "os.truncate('old', 0)": "changes files (os.truncate 'old')",
    "os.chmod('old', 0)": "changes files (os.chmod 'old')",
    "shutil.rmtree('folder')": "changes files (shutil.rmtree 'folder')",
    "sqlite3.connect('new')": "changes files (sqlite3.connect 'new')",
    "subprocess.run(['touch', 'new'])": "starts something (subprocess.Popen 'touch')",
    "os.system('touch new')": "starts something (os.system",
    "os.fork()": "starts something (os.fork)",
    "os.execv('/bin/true', ['true'])": "starts something (os.exec '/bin/true')",
    "os.posix_spawn('/bin/true', ['true'], {})": "starts something (os.posix_spawn '/bin/true')",
    "os.kill(os.getppid(), 9)": "starts something (os.kill)",
    "threading.Thread(target=print).start()": "starts something (_thread.start_new_thread)",
    "pydoc.pipepager('x', 'touch new')": "writes to a file (open ",
}
STILL_ALLOWED = (
    "open('old').read()",
    "os.listdir('.')",
    "os.stat('old')",
    "sqlite3.connect('file:old?mode=ro', uri=True)",
    "time.gmtime(0)",
    "time.strftime('%H', time.gmtime(0))",
    "random.Random(7).random()",
    "uuid.uuid5(uuid.NAMESPACE_DNS, 'a')",
    "importlib.import_module('colorsys')",
)
SCRIPT = """
from acore.replay.child.seal import BreachError, Seal

seal = Seal()
import email.utils, importlib, json, os, pathlib, pydoc, random, secrets, shutil, socket, sqlite3, statistics
import subprocess, sys, tempfile, threading, time, urllib.request, uuid, zipfile
from time import time as early_time

deeds = [compile(text, text, "eval") for text in json.load(sys.stdin)]
time.time(), random.random()
seal.close("file:old?mode=ro")
told = {}
for deed in deeds:
    try:
        eval(deed)
    except BreachError as error:
        told[deed.co_filename] = str(error)
        assert [one.what for one in seal.taken()][:1] == [error.breach.what]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sealed")
    (path / "old").write_text("", "utf-8")
    (path / "folder").mkdir()
    return path


@pytest.fixture(scope="module")
def told(folder: Path) -> dict[str, str]:
    """Return what a sealed process said of each deed that it refused."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=json.dumps([*STILL_ALLOWED, *DEEDS]),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("deed", DEEDS)
def test_what_a_replay_may_not_do_is_refused_and_who_tried_is_named(deed: str, told: dict[str, str]) -> None:
    """R07, R06: also where a library does it, and by a name taken before."""
    assert DEEDS[deed] in told[deed]
    assert told[deed].startswith(f"{deed}:1 (<module>) ")


def test_nothing_happened_outside(folder: Path, told: dict[str, str]) -> None:
    """R07: refused is refused before anything is done."""
    assert len(told) == len(DEEDS)
    assert sorted(path.name for path in folder.iterdir()) == ["folder", "old"]
    assert (folder / "old").stat().st_size == 0


@pytest.mark.parametrize("deed", STILL_ALLOWED)
def test_what_touches_nothing_is_still_allowed(deed: str, told: dict[str, str]) -> None:
    assert deed not in told
