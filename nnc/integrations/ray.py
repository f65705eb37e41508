"""nnc on Ray: batch prediction with Ray Data, and training with Ray Train that goes on where a worker dies."""

from nnc.distribute.part_files import Part, Reading
from nnc.distribute.ray_data import predict_parts
from nnc.distribute.ray_train import ReportCheckpointCallback, load_checkpoint, trainer

__all__ = ["Part", "Reading", "ReportCheckpointCallback", "load_checkpoint", "predict_parts", "trainer"]
