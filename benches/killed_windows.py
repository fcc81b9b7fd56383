"""Kills a window that a random user presses in, at random moments, and reads what is left: the copy of project and drawing, and every run.
Then projects are written and the writing is killed.

    cargo bench --bench endurance --no-run    # prints where the benchmark is
    python benches/killed_windows.py target/release/backprop target/release/deps/endurance-… [ROUNDS]
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM, WINDOW = (Path(path).resolve() for path in sys.argv[1:3])
ROUNDS = int(sys.argv[3]) if len(sys.argv) > 3 else 20

random.seed(3)


def ask(folder, *arguments):
    return subprocess.run([PROGRAM, *arguments], cwd=folder, capture_output=True, text=True)


def kill(process, seconds):
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


copies = runs = evaluated = broken = kills = 0
for number in range(ROUNDS):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        arguments = [WINDOW, "--bench", "presses", "1000000", str(number), folder]
        kills += kill(subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), random.uniform(0.5, 8))
        copy = folder / "working-copy.json"
        if copy.exists():
            copies += 1
            project = folder / "copied.json"
            project.write_text(json.dumps(json.loads(copy.read_text())["project"]))
            broken += "project" not in json.loads(copy.read_text())
        for run in (path.parent for path in folder.glob("runs/**/run.json")):
            runs += 1
            shown = ask(folder, "runs", "show", run, "--json")
            is_sound = shown.returncode == 0
            if (run / "weights.safetensors").exists() and not (run / "project.json").read_text().count('"discriminator"'):
                source = json.loads((run / "project.json").read_text())["data"]["source"]
                scored = ask(folder, "evaluate", run, "--data", source)
                evaluated += scored.returncode == 0
                if scored.returncode:
                    print(run.name, scored.stderr.strip().splitlines()[-1])
            if not is_sound:
                broken += 1
                print(run, shown.stderr)
print(f"{kills} kills of a window: {copies} copies and {runs} runs read, {evaluated} of them evaluated, {broken} broken")

saves = broken = 0
with tempfile.TemporaryDirectory() as folder:
    sources = ["example:iris", "points:moons", "points:spiral"]
    while saves < 5 * ROUNDS:
        arguments = [PROGRAM, "new", random.choice(sources), "--out", "project.json"]
        began = time.monotonic()
        saves += kill(subprocess.Popen(arguments, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), random.uniform(0.001, 0.02))
        project = Path(folder, "project.json")
        if project.exists():
            broken += ask(folder, "check", "project.json").returncode != 0
print(f"{saves} kills of a saving: {broken} projects broken")
