"""What the window needs on an old machine: two cores, 4 GB, no graphics card, a screen of 1024 × 700.

    python benches/old_machine.py target/release/backprop [SHARE]

Opens the window under Xvfb with Mesa's software OpenGL, in control groups (as root, version 1) that allow 4 GB and SHARE
(1.0 by default) of the time of two cores; half of it is about a machine of half the speed. Prints the seconds from the start
to the first picture, the pictures a second that are drawn while nothing happens under the pointer, while it moves, and while
a network trains at full speed, how long the window takes at most for one picture then, the speed of the training with the
window and without one, and the peak memory. Needs the Debian packages xvfb, xdotool and libgl1-mesa-dri.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = Path(sys.argv[1]).resolve()
SHARE = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
LIMIT = 4 << 30
PERIOD = 100_000
DISPLAY = ":73"
SECONDS = 12


def limited():
    """Control groups with the limits; a process joins them by its number."""
    groups = [Path("/sys/fs/cgroup") / kind / "backprop-old" for kind in ("memory", "cpu")]
    for group in groups:
        group.mkdir(exist_ok=True)
    (groups[0] / "memory.limit_in_bytes").write_text(str(LIMIT))
    (groups[1] / "cpu.cfs_period_us").write_text(str(PERIOD))
    (groups[1] / "cpu.cfs_quota_us").write_text(str(int(2 * SHARE * PERIOD)))
    return groups


def start(arguments, environment, groups):
    def join():
        for group in groups:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    # Nothing may go into a pipe that nobody reads.
    out = open(Path(environment["HOME"]) / "out", "w")
    return subprocess.Popen([PROGRAM, *arguments], env=environment, preexec_fn=join, stdout=out, stderr=out)


def xdotool(*arguments):
    done = subprocess.run(["xdotool", *arguments], env={**os.environ, "DISPLAY": DISPLAY}, capture_output=True, text=True)
    return done.stdout.split()


def has_picture():
    """Whether something with more than one color is on the screen."""
    done = subprocess.run(["xwd", "-root", "-silent", "-display", DISPLAY], capture_output=True)
    return len(set(done.stdout[4000::997])) > 8


def frames(folder, since):
    """The values of Mesa's counter of pictures a second since a moment; one value each 0.1 s."""
    file = next(iter(folder.glob("*fps*")), None)
    lines = file.read_text().splitlines() if file else []
    values = [float(line.split()[-1]) for line in lines if re.match(r"[\d.\s]+$", line)]
    return values[since:]


def pictures(folder, move=None):
    """Pictures a second over some seconds."""
    begun = len(frames(folder, 0))
    end = time.monotonic() + SECONDS
    at = 0
    while time.monotonic() < end:
        if move:
            at += 7
            xdotool("mousemove", str(200 + at % 600), str(200 + at % 400))
        time.sleep(0.02)
    values = frames(folder, begun)
    return (sum(values) / len(values), min(values)) if values else (0.0, 0.0)


def peak(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def main():
    groups = limited()
    screen = subprocess.Popen(["Xvfb", DISPLAY, "-screen", "0", "1024x700x24"], stderr=subprocess.DEVNULL)
    time.sleep(1)
    try:
        for preset in ("spiral", "cnn-deep"):
            with tempfile.TemporaryDirectory() as home:
                measure(preset, Path(home), groups)
    finally:
        screen.terminate()


def measure(preset, home, groups):
    counted = home / "counted"
    counted.mkdir()
    environment = {
        **os.environ,
        "DISPLAY": DISPLAY,
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "LC_ALL": "C.UTF-8",
        "GALLIUM_HUD": "fps",
        "GALLIUM_HUD_PERIOD": "0.1",
        "GALLIUM_HUD_VISIBLE": "0",
        "GALLIUM_HUD_DUMP_DIR": str(counted),
    }
    environment.pop("WAYLAND_DISPLAY", None)
    begun = time.monotonic()
    window = start([preset], environment, groups)
    while not has_picture():
        if window.poll() is not None or time.monotonic() - begun > 60:
            sys.exit(f"the window does not open: {(home / 'out').read_text()}")
    opened = time.monotonic() - begun
    identity = xdotool("search", "--onlyvisible", "--name", "Backprop")[-1]
    xdotool("windowmove", identity, "0", "0")
    xdotool("windowsize", identity, "1024", "700")
    time.sleep(3)
    still, _ = pictures(counted)
    moved, slowest = pictures(counted, move=True)
    xdotool("key", "space")
    time.sleep(1)
    trained, least = pictures(counted)
    print(
        f"{preset}: {opened:.1f} s to the first picture; pictures a second: {still:.1f} at rest, {moved:.0f} while the "
        f"pointer moves (at least {slowest:.0f}), {trained:.0f} while it trains (at least {least:.0f}); "
        f"peak memory {peak(window.pid):.0f} MB",
        flush=True,
    )
    window.terminate()
    window.wait()


if __name__ == "__main__":
    main()
