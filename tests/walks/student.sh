# A student has read about backpropagation, and wants to see a network learn.
pip install nnc-keras
nnc
nnc -h
nnc version
cat > first.yaml << 'YAML'
name: first
input: [2]
layers:
  - Dense: {units: 2, activation: sigmoid}
  - Dense: {units: 1, activation: sigmoid}
compile: {optimizer: {SGD: {learning_rate: 0.1}}, loss: binary_crossentropy, metrics: [accuracy]}
YAML
nnc run first.yaml --epochs 2000
nnc render first.yaml --level units -o before.svg
nnc render first.nnc --level units -o after.svg
! cmp before.svg after.svg
nnc compile first.yaml --emit python
nnc inspect first.nnc
python -c "import nnc; print(nnc.load('first.nnc').predict([[0.0, 1.0], [1.0, 0.0]]))"
