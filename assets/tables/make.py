"""Writes the tables that come with the program and that it would not be right to take from somewhere: houses.csv and machines.csv.

    python assets/tables/make.py

Both are invented, by rules that a network can find and that are not straight lines. iris.csv is Fisher's, of 1936.
"""

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent


def write(name, header, rows):
    lines = [",".join(header), *(",".join(row) for row in rows)]
    (FOLDER / name).write_text("\n".join(lines) + "\n")


def houses(count=600, seed=1):
    """Asking prices: larger is dearer, the more so near the center; old houses are cheap until they are very old."""
    random = np.random.default_rng(seed)
    districts = ["harbor", "hill", "old town", "station"]
    factors = [1.25, 1.4, 1.15, 0.85]
    for _ in range(count):
        district = random.integers(4)
        area = float(np.clip(random.normal(105, 38), 28, 290))
        rooms = int(np.clip(round(area / 27 + random.normal(0, 0.7)), 1, 9))
        built = int(random.choice([random.integers(1880, 1920), random.integers(1950, 1990), random.integers(1990, 2024)]))
        distance = float(np.round(np.clip(random.gamma(2.0, 1.6), 0.2, 14), 1))
        garden = random.random() < 0.25 + 0.04 * distance
        age = 2025 - built
        comfort = 1.15 - 0.006 * min(age, 70) + 0.004 * max(age - 90, 0)
        price = area * 2.6 * factors[district] * comfort * (0.75 + 0.6 * np.exp(-distance / 3)) + 25 * garden + 6 * rooms
        price *= np.exp(random.normal(0, 0.07))
        missing = random.random() < 0.03
        yield [
            f"{area:.0f}", "" if missing else str(rooms), str(built), districts[district], f"{distance:.1f}",
            "yes" if garden else "no", f"{price:.0f}",
        ]


def machines(count=1200, seed=2):
    """Pumps, of which 8 % fail within a week: when hot and vibrating, or when worn and under load."""
    random = np.random.default_rng(seed)
    types = ["A", "B", "C"]
    for _ in range(count):
        kind = random.integers(3)
        temperature = random.normal(62 + 4 * kind, 8)
        vibration = float(np.exp(random.normal(0.6, 0.45)))
        hours = random.uniform(0, 9000)
        load = float(np.clip(random.normal(0.65, 0.18), 0.1, 1.1))
        hot = (temperature - 72) / 5 + (vibration - 2.6) / 0.6
        worn = (hours - 6800) / 900 + (load - 0.85) / 0.1
        chance = 1 / (1 + np.exp(-3 * (max(hot, worn) - 1.8)))
        failed = random.random() < chance * 0.95
        yield [
            types[kind], f"{temperature:.1f}", f"{vibration:.2f}", f"{hours:.0f}", f"{load:.2f}",
            "will fail" if failed else "ok",
        ]


write("houses.csv", ["area (m²)", "rooms", "built", "district", "distance (km)", "garden", "price (k€)"], houses())
write("machines.csv", ["type", "temperature (°C)", "vibration (mm/s)", "hours", "load", "state"], machines())
