"""Several boosters as one: LightGBM's model text, with every tree multiplied by its weight.

The text is LightGBM's documented interchange form: a header, blocks `Tree=i`, a footer. A weighted
sum of boosters over the same columns is one booster whose leaf values are multiplied.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from features.arrays import Floats

_TREE = re.compile(r"^Tree=\d+$", re.MULTILINE)
_SCALED = ("leaf_value", "internal_value")


def combine(texts: Sequence[str], weights: Sequence[Floats]) -> str:
    """One booster text that predicts `sum over boosters and trees of weight x tree`.

    Args:
        texts: booster texts over the same columns.
        weights: per booster, one weight per tree, from the first; further trees are left out.

    Raises:
        ValueError: when the boosters do not share their columns, or trees are missing.
    """
    headers, trees = [], []
    for text, factors in zip(texts, weights, strict=True):
        header, blocks = _parts(text)
        headers.append(header)
        if len(factors) > len(blocks):
            raise ValueError(f"{len(factors)} weights for {len(blocks)} trees")
        trees += [_scaled(b, float(c)) for b, c in zip(blocks, factors, strict=False)]
    if len({_columns(h) for h in headers}) != 1:
        raise ValueError("boosters over different columns cannot be one")
    # Without `tree_sizes` LightGBM reads the blocks one after the other.
    kept = [line for line in headers[0].splitlines() if not line.startswith("tree_sizes=")]
    body = "".join(f"Tree={i}\n{block}\n\n\n" for i, block in enumerate(trees))
    return "\n".join(kept).rstrip() + "\n\n" + body + "end of trees\n"


def _parts(text: str) -> tuple[str, list[str]]:
    body, _, _ = text.partition("end of trees")
    starts = [m.start() for m in _TREE.finditer(body)]
    ends = [*starts[1:], len(body)]
    blocks = [body[a:b].split("\n", 1)[1].strip() for a, b in zip(starts, ends, strict=True)]
    return body[: starts[0]] if starts else body, blocks


def _columns(header: str) -> str:
    wanted = ("max_feature_idx=", "feature_names=", "num_class=", "objective=")
    return "\n".join(line for line in header.splitlines() if line.startswith(wanted))


def _scaled(block: str, factor: float) -> str:
    lines = []
    for line in block.splitlines():
        name, _, values = line.partition("=")
        if name in _SCALED and values:
            # repr of a float is the shortest text that reads back as the same number.
            line = f"{name}={' '.join(repr(float(v) * factor) for v in values.split())}"
        lines.append(line)
    return "\n".join(lines)
