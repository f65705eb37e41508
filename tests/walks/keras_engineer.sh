# An engineer who knows Keras has a trained model, and wants to know what it costs and to do without TensorFlow.
pip install nnc-keras
nnc inspect model.keras
nnc render model.keras -o model.svg
nnc compile model.keras -o model.nnc
nnc predict model.keras --input rows.npz -o answers.npz
cat > use.py << 'PYTHON'
import numpy
import nnc

model = nnc.models.load_model("model.keras")
rows = numpy.load("rows.npz")
expected = rows["expected"]  # what Keras itself predicts
assert numpy.abs(model.predict(rows["x"], verbose=0) - expected).max() < 1e-5
assert numpy.abs(numpy.load("answers.npz")["y"] - expected).max() < 1e-5
assert numpy.abs(nnc.load("model.nnc").predict(rows["x"]) - expected).max() < 1e-5
before = model.evaluate(rows["x"], rows["y"], verbose=0)[0]
model.fit(rows["x"], rows["y"], epochs=3, verbose=0)
assert model.evaluate(rows["x"], rows["y"], verbose=0)[0] < before
model.save("again.keras")
PYTHON
python use.py
nnc diff model.keras again.keras || test $? -eq 1 # the weights differ
