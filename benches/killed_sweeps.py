"""Kills searches at random moments and lets them go on, until they are done. After every kill each JSON file has to be whole; at the end
the trials have to be those of a search that was never interrupted, but for their times.

    python benches/killed_sweeps.py target/release/backprop [ROUNDS]
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = Path(sys.argv[1]).resolve()
KILLS = 8  # in each search at most
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 4
SPACE = ["--set", "training.learning_rate=0.001..0.1", "--set", "training.batch=16,32", "--trials", "9"]
SEARCHES = [["--search", method, *SPACE] for method in ("random", "halving", "grid")]

random.seed(2)


def begin(folder, arguments):
    return subprocess.Popen([PROGRAM, *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def trials(sweep):
    """The last line of each trial and round, without its time; a last line that was torn is none."""
    found = {}
    for line in (sweep / "trials.jsonl").read_text().splitlines():
        try:
            trial = json.loads(line)
        except ValueError:
            continue
        trial.pop("seconds", None)
        found[trial["number"], trial["until"]] = trial
    return found


def check(folder):
    """Every file that is replaced whole can be read."""
    for path in folder.glob("runs/**/*.json"):
        json.loads(path.read_text())
    return len(list(folder.glob("runs/**/*.json")))


def newest(folder):
    return max(folder.glob("runs/spiral-sweep-*"), key=lambda path: int(path.name.rsplit("-", 1)[1]))


kills = differing = files = 0
for number in range(ROUNDS):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        search = ["sweep", "spiral", *SEARCHES[number % len(SEARCHES)]]
        began = time.monotonic()
        assert begin(folder, search).wait() == 0
        took = time.monotonic() - began
        whole = trials(newest(folder))
        process = begin(folder, search)
        # A trial that takes longer than the time between two kills would never end, so that the last sitting is left alone.
        left = KILLS
        while True:
            try:
                assert process.wait(timeout=random.uniform(0.02, 0.4) * took if left else None) == 0
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            kills += 1
            left -= 1
            files += check(folder)
            # One that was killed before it had a plan is begun anew, in the next folder.
            last = newest(folder)
            is_begun = (last / "sweep.json").exists() and last.name != "spiral-sweep-1"
            process = begin(folder, ["sweep", "--resume", f"runs/{last.name}"] if is_begun else search)
        differing += trials(newest(folder)) != whole
print(f"{kills} kills in {ROUNDS} searches, {files} files read after them, {differing} searches differ")
