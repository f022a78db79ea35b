"""Writes frontier.json, the verdicts that Frontier is held against.

    python3 make_frontier.py

Curves of random points and what the definition in Judge's comment makes of
further ones: a corner is a temperature that no other equals or beats in both
directions; 95 %. The points of a curve stand in the order of their temperatures, the hottest
first.
"""
import json
import random
from statistics import NormalDist

rng = random.Random(6)
QUANTILE = NormalDist().inv_cdf(0.975)


def judge(curve, p, sign):
    beaten = lambda q: any(r is not q and r["x"] <= q["x"] and sign * r["y"] >= sign * q["y"] for r in curve)
    corners = sorted((q for q in curve if not beaten(q)), key=lambda q: q["x"])
    at = [i for i, q in enumerate(curve) if not beaten(q)]
    hotter, colder = curve[: at[0]], curve[at[-1] + 1 :]  # where the sweep goes on past its corners
    line = lambda a, b: (b["y"] - a["y"]) / (b["x"] - a["x"])
    first, last, possible = corners[0], corners[-1], None
    if p["x"] < first["x"]:
        weights, possible = [(first, 1)], "outside"
        slope = line(*corners[:2]) if len(corners) > 1 else 0
    elif p["x"] > last["x"]:
        weights = [(last, 1)]
        end = max(colder + [last], key=lambda q: q["x"])
        slope = line(*corners[-2:]) if len(corners) > 1 else 0
    else:
        a, b = next((a, b) for a, b in zip(corners, corners[1:]) if a["x"] <= p["x"] <= b["x"])
        t = (p["x"] - a["x"]) / (b["x"] - a["x"])
        weights, slope = [(a, 1 - t), (b, t)], line(a, b)
    gap = sign * (p["y"] - sum(w * q["y"] for q, w in weights))
    parts = [(p, 1)] + weights
    error = sum((w * q["ey"]) ** 2 + (slope * w * q["ex"]) ** 2 for q, w in parts) ** 0.5
    place = "outside" if gap > QUANTILE * error else "inside" if gap < -QUANTILE * error else "within noise"
    if p["x"] > last["x"]:
        past, bar = p["x"] - end["x"], QUANTILE * (p["ex"] ** 2 + end["ex"] ** 2) ** 0.5
        if past > 0 and place == "outside" or past > -bar and place == "within noise":
            place = "beyond the sweep"
    if possible and place != possible:
        place = "beyond the sweep"
    if place == "beyond the sweep" and possible == "outside":
        # More diverse than all of the curve: read it across, at the point's y.
        worse = sign * (first["y"] - p["y"])  # than the most diverse corner
        end = min([first] + hotter, key=lambda q: sign * q["y"])
        past, bar = sign * (end["y"] - p["y"]), QUANTILE * (p["ey"] ** 2 + end["ey"] ** 2) ** 0.5
        if past <= bar:
            if worse >= 0 or len(corners) == 1:
                weights, slope = [(first, 1)], line(*corners[:2]) if len(corners) > 1 else 0
            else:
                a, b = next((a, b) for a, b in zip(corners, corners[1:]) if sign * p["y"] <= sign * b["y"])
                t = (p["y"] - a["y"]) / (b["y"] - a["y"])
                weights, slope = [(a, 1 - t), (b, t)], line(a, b)
            wide = sum(w * q["x"] for q, w in weights) - p["x"]
            parts = [(p, 1)] + weights
            error_x = sum((w * q["ex"]) ** 2 + (w * q["ey"] / slope if slope else 0) ** 2 for q, w in parts) ** 0.5
            if wide > QUANTILE * error_x or past < -bar:
                place = "outside" if wide > QUANTILE * error_x else "within noise"
                return {"place": place, "gap": wide, "error": error_x, "across": True}
    beyond = lambda by, ea, eb: by > QUANTILE * (ea**2 + eb**2) ** 0.5
    if place == "beyond the sweep" and any(beyond(p["x"] - q["x"], p["ex"], q["ex"]) and beyond(sign * (q["y"] - p["y"]), p["ey"], q["ey"]) for q in corners):
        place = "inside"
    return {"place": place, "gap": gap, "error": error}


def point(x, y, noise):
    return {"x": x + rng.gauss(0, noise), "y": y + rng.gauss(0, noise), "ex": rng.uniform(0.005, 0.02), "ey": rng.uniform(0.005, 0.02)}


cases = []
for lower in (False, True):
    sign = -1 if lower else 1
    for noise in (0.005, 0.05):
        curve = [point(x / 5, sign * (0.2 + x / 10), noise) for x in range(6)]
        points = [point(rng.uniform(-0.2, 1.2), sign * rng.uniform(0.1, 0.9), 0) for _ in range(25)]
        # Before the first corner, about as good in y as it.
        points += [point(rng.uniform(-0.2, 0.05), sign * rng.uniform(0.17, 0.23), 0) for _ in range(15)]
        cases.append({"lower": lower, "curve": curve, "points": points, "verdicts": [judge(curve, p, sign) for p in points]})
# Curves that turn back at both ends.
for lower in (False, True):
    sign = -1 if lower else 1
    for noise in (0, 0.01):
        curve = [point(x, sign * y, noise) for x, y in ((0.3, 0.1), (0.22, 0.15), (0.2, 0.2), (0.4, 0.3), (0.6, 0.4), (0.7, 0.38), (0.8, 0.33))]
        points = [point(rng.uniform(0, 0.25), sign * rng.uniform(0, 0.2), 0) for _ in range(30)]
        points += [point(rng.uniform(0.6, 0.9), sign * rng.uniform(0.3, 0.5), 0) for _ in range(30)]
        cases.append({"lower": lower, "curve": curve, "points": points, "verdicts": [judge(curve, p, sign) for p in points]})
for c in cases[-4:]:
    assert {v["place"] for v in c["verdicts"]} == {"outside", "inside", "within noise", "beyond the sweep"}
assert any(v.get("across") for c in cases for v in c["verdicts"])
assert {v["place"] for c in cases for v in c["verdicts"]} == {"outside", "inside", "within noise", "beyond the sweep"}
with open("frontier.json", "w") as f:
    json.dump(cases, f, separators=(",", ":"))
    f.write("\n")
