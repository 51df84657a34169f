#!/usr/bin/env python3
"""Measures Tactus against its budgets and prints one table.  usage: measure.py BUILD_DIR

Whole programs are run on the bundled sample; Studio needs a display or xvfb-run, and is left out without. Wall times;
other work on the machine shows in them, hardly in the last column, the processor time of all threads together
(over the number of cores it is what an idle machine would need, where the work spreads).
"""
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build").resolve()
BIN = BUILD / "bin"
ROWS = []


def row(thing, measured, unit, budget=None, processor=None):
    ROWS.append((thing, measured, unit, budget, processor))


def engine():
    done = subprocess.run([BIN / "measure_engine"], capture_output=True, text=True)
    for line in done.stdout.splitlines():
        if line.startswith("#"):
            print(line[2:])
            continue
        thing, measured, unit, budget, processor = line.split("\t")
        row(thing, float(measured), unit, float(budget) or None, float(processor))
    if done.returncode != 0:
        print(f"measure_engine ended early: {done.stderr.strip()}")


def sample():
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        done = subprocess.run([BIN / "tactus", "analyse", "--sample", "camera", "--out", f"{folder}/out"], capture_output=True, text=True)
        seconds = time.monotonic() - begun
        if done.returncode != 0:
            print(f"tactus analyse failed: {done.stderr.strip()}")
            return
        row("tactus analyse --sample camera", seconds, "s")
        peak = max(s["peak_memory_mb"] for s in json.loads(pathlib.Path(folder, "out/report.json").read_text())["stages"])
        row("… its peak memory", max(peak, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024), "MB", 1500)


def training():
    """Rates of a small training: scenes made and marked, and prompts learned from, by all threads."""
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder, "config.json")
        config.write_text(json.dumps({"output": f"{folder}/weights.safetensors", "scenes": 192, "validation_scenes": 8, "epochs": 3}))
        done = subprocess.run([BIN / "tactus", "train", config, "--json"], capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            print(f"tactus train failed: {done.stderr.strip()}")
            return
        report = json.loads(done.stdout)
        row("training: scenes, bodies and objects made", report["generation_seconds"], "s")
        row("training: prompts learned from a second", report["prompts_per_second"], "/s")


def studio():
    if not (BIN / "tactus-studio").exists():
        print("Studio is left out: it is not built here")
        return
    program = [str(BIN / "tactus-studio"), "--first-frame"]
    if not os.environ.get("DISPLAY"):
        if not shutil.which("xvfb-run"):
            print("Studio is left out: there is no display and no xvfb-run")
            return
        # The display server's own start is measured with a program that does nothing, and taken off.
        program = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24 +extension GLX"] + program
    environment = dict(os.environ, QT_QPA_PLATFORM="xcb", QT_XCB_GL_INTEGRATION="xcb_glx", LIBGL_ALWAYS_SOFTWARE="1",
                       GALLIUM_DRIVER="llvmpipe", LC_ALL="C.UTF-8")

    def seconds(command):
        begun = time.monotonic()
        done = subprocess.run(command, env=environment, capture_output=True, timeout=120)
        return time.monotonic() - begun if done.returncode == 0 else None

    with tempfile.TemporaryDirectory() as home:
        environment.update(HOME=home, XDG_CONFIG_HOME=home, XDG_DATA_HOME=home)
        times = [seconds(program) for _ in range(3)]
        if None in times:
            print("Studio is left out: it did not end well")
            return
        server = statistics.median(seconds(program[:4] + ["true"]) for _ in range(3)) if program[0] == "xvfb-run" else 0.0
        row("Studio, start to first frame", statistics.median(times) - server, "s", 1.0)


def frame():
    bench = BIN / "bench_scene"
    if not bench.exists():
        print("the scene's frame times are left out: bench_scene is not built here")
        return
    command = [str(bench), "--benchmark_format=json"]
    if not os.environ.get("DISPLAY"):
        if not shutil.which("xvfb-run"):
            return
        command = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24 +extension GLX"] + command
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, LIBGL_ALWAYS_SOFTWARE="1", GALLIUM_DRIVER="llvmpipe"))
    try:
        for result in json.loads(done.stdout[done.stdout.index("{"):])["benchmarks"]:
            to_ms = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}[result["time_unit"]]
            row("scene: " + result["name"], result["real_time"] * to_ms, "ms", 33.0 if "100" in result["name"] else None)
    except (ValueError, KeyError):
        print("bench_scene is left out: it gave no result")


def main():
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f} before")
    for step in (engine, sample, training, studio, frame):
        try:
            step()
        except (OSError, subprocess.TimeoutExpired) as problem:
            print(f"{step.__name__} is left out: {problem}")
    width = max(len(r[0]) for r in ROWS)
    print(f"\n{'thing':{width}} | {'measured':>12} | {'budget':>10} | ratio | processor")
    print(f"{'-' * width}-|-{'-' * 12}-|-{'-' * 10}-|-------|----------")
    for thing, measured, unit, budget, processor in ROWS:
        limit = f"{budget:g} {unit}" if budget else ""
        share = f"{measured / budget:.2f}" if budget else ""
        time_used = f"{processor:7.1f} ms" if processor else ""
        print(f"{thing:{width}} | {measured:9.2f} {unit:>2} | {limit:>10} | {share:>5} | {time_used}")


if __name__ == "__main__":
    main()
