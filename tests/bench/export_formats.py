#!/usr/bin/python3
"""Seconds, bytes and peak memory of `convscope export`, beside matplotlib's animation writer in the same run.

    /usr/bin/python3 tests/bench/export_formats.py build/release/convscope [--rounds 5] [--memory]

Every number is of a whole process, from its start to the finished file; seconds are medians over the rounds, in which
the writers alternate. matplotlib (python3-matplotlib, with ffmpeg for MP4) draws the same figure: input, kernel, output
with their numbers, the window, one frame for each step. --memory adds the peak memory for 60, 600 and 6000 frames.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

FORMATS = ["gif", "mp4", "webm", "webp", "apng", "svg", "html", "pdf", "tex"]
ANIMATIONS = {"padding_strides": 9, "same_padding_no_strides": 25}

PEER = r"""
import sys
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.animation import FFMpegWriter, FuncAnimation, PillowWriter
from matplotlib.patches import Rectangle

target, steps, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
stride = 2 if steps == 9 else 1
side = 3 if steps == 9 else 5
x = [[(3 * i + 5 * j) % 5 for j in range(5)] for i in range(5)]
w = [[0, 1, 2], [2, 2, 0], [0, 1, 2]]
figure, axes = plt.subplots(figsize=(width / 100, height / 100), dpi=100)

def draw(step):
    axes.clear()
    axes.axis("off")
    axes.set_xlim(-1, 18)
    axes.set_ylim(8, -2)
    row, column = step // side, step % side
    for i in range(7):
        for j in range(7):
            inside = 1 <= i <= 5 and 1 <= j <= 5
            axes.add_patch(Rectangle((j, i), 0.95, 0.95, facecolor="#d6e8f3" if inside else "none",
                                     edgecolor="#0072b2" if inside else "#7a8492", linestyle="-" if inside else "--"))
            axes.text(j + 0.5, i + 0.5, str(x[i - 1][j - 1] if inside else 0), ha="center", va="center")
    axes.add_patch(Rectangle((column * stride, row * stride), 3, 3, color="black", alpha=0.4))
    for i in range(3):
        for j in range(3):
            axes.add_patch(Rectangle((8 + j, 1 + i), 0.95, 0.95, facecolor="#fbf0d6", edgecolor="#b86e00"))
            axes.text(8.5 + j, 1.5 + i, str(w[i][j]), ha="center", va="center")
    for i in range(side):
        for j in range(side):
            done = i * side + j <= step
            axes.add_patch(Rectangle((12 + j, 1 + i), 0.95, 0.95, facecolor="#d6efe9" if done else "none",
                                     edgecolor="#00785a"))
            if done:
                total = sum(w[a][b] * (x[r - 1][c - 1] if 1 <= r <= 5 and 1 <= c <= 5 else 0)
                            for a in range(3) for b in range(3)
                            for r, c in [(i * stride + a, j * stride + b)])
                axes.text(12.5 + j, 1.5 + i, str(total), ha="center", va="center")

writer = PillowWriter(fps=1) if target.endswith(".gif") else FFMpegWriter(fps=1)
FuncAnimation(figure, draw, frames=steps).save(target, writer=writer)
"""


def run(command):
    """Seconds and peak memory in MiB of a whole process."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}: {said.decode()}")
    return seconds, usage.ru_maxrss / 1024


def beside_matplotlib(program, folder, rounds, width, height):
    print(f"{width}x{height}, one frame for each step; median of {rounds} rounds\n")
    print("| animation | writer | s | kB |\n|---|---|---|---|")
    for preset, steps in ANIMATIONS.items():
        writers = {}
        for ending in FORMATS:
            target = f"{folder}/{preset}.{ending}"
            timing = ["--fps", "1", "--step-seconds", "1", "--end-pause", "0"]
            pages = ["--steps", f"1:{steps}"] if ending == "tex" else []
            writers[f"convscope .{ending}"] = (target, [program, "export", preset, "-o", target, "--size",
                                                        f"{width}x{height}", *timing, *pages])
        try:
            import matplotlib  # noqa: F401
            for ending in ["gif", "mp4"]:
                target = f"{folder}/{preset}_peer.{ending}"
                writers[f"matplotlib .{ending}"] = (target, [sys.executable, "-c", PEER, target, str(steps),
                                                             str(width), str(height)])
        except ImportError:
            print("matplotlib is not installed: its rows are left out", file=sys.stderr)
        seconds = {name: [] for name in writers}
        for _ in range(rounds):
            for name, (_, command) in writers.items():
                seconds[name].append(run(command)[0])
        for name, (target, _) in writers.items():
            kilobytes = os.path.getsize(target) / 1000
            print(f"| {preset}, {steps} steps | {name} | {statistics.median(seconds[name]):.3f} | {kilobytes:.0f} |")


def peak_memory(program, folder):
    print("\n| peak MiB at 960x540 | 60 frames | 600 | 6000 |\n|---|---|---|---|")
    for ending in ["gif", "mp4", "webm", "webp", "apng", "png"]:
        cells = []
        for frames in [60, 600, 6000]:
            name = "f%d/%%05d.png" % frames if ending == "png" else f"{frames}.{ending}"
            # ten steps of one preset at as many frames each
            command = [program, "export", "full_padding_no_strides", "-o", f"{folder}/{name}", "--steps", "1:10",
                       "--fps", "60", "--step-seconds", str(frames / 600), "--end-pause", "0"]
            cells.append(f"{run(command)[1]:.0f}")
        print(f"| .{ending} | " + " | ".join(cells) + " |", flush=True)
    cells = []
    for steps in [10, 49]:
        target = f"{folder}/{steps}.pdf"
        cells.append(f"{steps} pages {run([program, 'export', 'full_padding_no_strides', '-o', target, '--steps', f'1:{steps}'])[1]:.0f}")
    print("\n.pdf, MiB: " + ", ".join(cells))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", default="480x360")
    parser.add_argument("--memory", action="store_true")
    arguments = parser.parse_args()
    width, height = (int(side) for side in arguments.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        beside_matplotlib(arguments.program, folder, arguments.rounds, width, height)
        if arguments.memory:
            peak_memory(arguments.program, folder)


if __name__ == "__main__":
    main()
