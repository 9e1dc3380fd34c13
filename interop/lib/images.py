"""The images that topologies name (interop/images/images.yml): built for containers, met by roots and folders on plain namespaces."""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "interop" / "images"
CATALOGUE = FOLDER / "images.yml"
CACHE = pathlib.Path(os.environ.get("PODBGP_CACHE") or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "podbgp")
LOCK = pathlib.Path("/run/podbgp-docker/images.lock")
LABEL = "podbgp.content"
BINARIES = ("podbgpd", "podbgp")


class ImageError(Exception):
    """An image or root that could not be made; the text says which and why."""


def catalogue():
    """{name: entry}, as images.yml has it."""
    return yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))["images"]


# --- containers ---

def build_environment():
    """The environment of `docker build`: the classic builder is what an engine without buildx has."""
    buildx = subprocess.run(["docker", "buildx", "version"], stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0
    return dict(os.environ) if buildx else dict(os.environ, DOCKER_BUILDKIT="0")


def _docker(*words, check=True, **options):
    environment = build_environment() if words[0] == "build" else None
    return subprocess.run(["docker", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=check, env=environment, **options)


def inspect(name, what):
    """A field of an image, e.g. "{{.Id}}"; None where there is no such image."""
    done = _docker("image", "inspect", "-f", what, name, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def _files(entry, binaries):
    """{path in the build context: file} of an image."""
    folder = entry["build"]["folder"]
    if folder != "podbgp":
        return {str(file.relative_to(FOLDER / folder)): file for file in sorted((FOLDER / folder).rglob("*")) if file.is_file()}
    if binaries is None:
        raise ImageError("podbgpd is not built: build it (cmake --build --preset release --target podbgpd podbgp) or name its folder with --bin")
    own = ["deploy/image/Dockerfile", "scripts/install-packages", "scripts/packages/build.txt", "scripts/packages/runtime.txt"]
    return {path: REPOSITORY / path for path in own} | {f"prebuilt/{name}": pathlib.Path(binaries) / name for name in BINARIES}


def content(name, binaries=None):
    """A hash of all that goes into the image, its base included (None where the base is not there)."""
    entry = catalogue()[name]
    base = inspect(base_of(entry), "{{.Id}}")
    if base is None:
        return None
    digest = hashlib.sha256(json.dumps([entry["build"], base], sort_keys=True).encode())
    for path, file in _files(entry, binaries).items():
        digest.update(path.encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def base_of(entry):
    return entry["build"].get("from") or f"debian:{entry['build'].get('suite', 'bookworm')}-slim"


def with_bases(names):
    """The images and those of the catalogue that they are made from, bases first."""
    every = catalogue()
    ordered = []
    for name in sorted(names):
        for needed in (base_of(every[name]), name):
            if needed in every and needed not in ordered:
                ordered.append(needed)
    return ordered


def fresh(name, binaries=None):
    """Whether the image is there and made of what is here now."""
    made = inspect(name, f'{{{{index .Config.Labels "{LABEL}"}}}}')
    return bool(made) and made == content(name, binaries)


def build(name, binaries=None):
    entry = catalogue()[name]
    if "from" not in entry["build"]:
        made = subprocess.run([REPOSITORY / "scripts" / "base-image", entry["build"].get("suite", "bookworm")], stdin=subprocess.DEVNULL, check=False)
        if made.returncode != 0:
            raise ImageError(f"{name}: there is no base {base_of(entry)}")
    with tempfile.TemporaryDirectory(prefix="podbgp-image-") as context:
        for path, file in _files(entry, binaries).items():
            target = pathlib.Path(context) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.startswith("prebuilt/"):
                subprocess.run(["strip", "-o", target, file], check=True, stdin=subprocess.DEVNULL)
            else:
                shutil.copy(file, target)
        words = ["--network=host", "--label", f"{LABEL}={content(name, binaries)}", "-t", name]
        for key, value in entry["build"].get("args", {}).items():
            words += ["--build-arg", f"{key}={value}"]
        if entry["build"]["folder"] == "podbgp":
            words += ["--build-arg", "PREBUILT=prebuilt", "-f", f"{context}/deploy/image/Dockerfile"]
        if "target" in entry["build"]:
            words += ["--target", entry["build"]["target"]]
        done = _docker("build", *words, context, check=False)
    if done.returncode != 0:
        raise ImageError(f"{name}: docker build failed:\n" + "\n".join((done.stdout + done.stderr).splitlines()[-25:]))


@contextlib.contextmanager
def current(names, binaries=None, say=print):
    """Builds what is missing or out of date; while the context lasts nobody else builds the images anew."""
    LOCK.parent.mkdir(mode=0o700, exist_ok=True)
    needed = with_bases(set(names))
    with open(LOCK, "w", encoding="utf-8") as lock:
        while True:
            fcntl.flock(lock, fcntl.LOCK_SH)
            stale = [name for name in needed if not fresh(name, binaries)]
            if not stale:
                break
            fcntl.flock(lock, fcntl.LOCK_EX)
            for name in needed:  # a base that was built makes what stands on it stale
                if not fresh(name, binaries):
                    say(f"building {name}")
                    build(name, binaries)
        yield


def version(name):
    """What the image's daemon says about its version, by the command that the image's label names."""
    command = inspect(name, '{{index .Config.Labels "podbgp.version-command"}}')
    if not command:
        return None
    program, *words = command.split()
    done = _docker("run", "--rm", "--network=none", "--entrypoint", program, name, *words, check=False)
    return (done.stdout + done.stderr).strip().splitlines()[0]


# --- plain namespaces ---

def root_folder(name):
    """The folder that a root of images.yml is in, made on first use: a minimal Debian of its suite with its packages."""
    spec = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))["roots"][name]
    key = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:10]
    roots = CACHE / "roots"
    folder = roots / f"{name}-{key}"
    if folder.exists():
        return folder
    roots.mkdir(parents=True, exist_ok=True)
    with open(roots / f"{name}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _make_root(spec, folder)
    return folder


def _make_root(spec, folder):
    done = subprocess.run([REPOSITORY / "scripts" / "base-image", "--tar", spec["suite"]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise ImageError(f"the root {folder.name} could not be made")
    work = pathlib.Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        work.chmod(0o755)
        subprocess.run(["tar", "-C", work, "-xf", done.stdout.strip()], check=True, stdin=subprocess.DEVNULL)
        shutil.copy("/etc/resolv.conf", work / "etc/resolv.conf")
        script = ('mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" && root=$1 && shift && export DEBIAN_FRONTEND=noninteractive && '
                  'chroot "$root" apt-get update -qq && chroot "$root" apt-get install -y -qq --no-install-recommends "$@" && chroot "$root" apt-get clean')
        made = subprocess.run(["unshare", "--mount", "--propagation=private", "sh", "-c", script, "sh", work, *spec["packages"]],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)
        if made.returncode != 0:
            raise ImageError(f"the root {folder.name} could not be made:\n" + "\n".join((made.stdout + made.stderr).splitlines()[-15:]))
        work.rename(folder)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
