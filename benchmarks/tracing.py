"""Time and memory of tracing and planning BERT-base of KerasHub, with random weights: ``python -m benchmarks.tracing``.

The target is 10 seconds, and a peak of memory below three times the weights over what Keras itself took before.
"""

from __future__ import annotations

import resource
from time import perf_counter, process_time

LIMIT_SECONDS = 10.0
LIMIT_FACTOR = 3.0


def peak() -> int:
    """Return the largest number of bytes that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Print seconds, bytes and what they may be."""
    from keras_hub.models import BertBackbone

    import nnc

    model = BertBackbone(vocabulary_size=30522, num_layers=12, num_heads=12, hidden_dim=768, intermediate_dim=3072)
    weights = sum(4 * int(weight.shape.num_elements()) for weight in model.weights)
    before, start, processor = peak(), perf_counter(), process_time()
    program = nnc.compile(model, backend="numpy")
    compiled = perf_counter() - start
    program.plan("predict")
    seconds, processor, after = perf_counter() - start, process_time() - processor, peak()
    print(f"weights {weights:,} bytes; Keras's peak before {before:,} bytes, the peak after {after:,} bytes")
    print(f"traced and compiled in {compiled:.1f} s, planned in {seconds:.1f} s (at most {LIMIT_SECONDS:.0f} s)")
    print(f"{processor:.1f} s of processor time, which other processes do not make longer")
    print(f"{(after - before) / weights:.2f} times the weights (at most {LIMIT_FACTOR:.0f})")


if __name__ == "__main__":
    main()
