# Someone has a table out of a spreadsheet, and does not write Python.
pip install nnc-keras
cat > passengers.yaml << 'YAML'
columns: {survived: label}
layers:
  - Dense: {units: 16, activation: relu}
  - Dense: {units: 1, activation: sigmoid}
compile: {optimizer: adam, loss: binary_crossentropy, metrics: [accuracy]}
YAML
nnc run passengers.yaml --data passengers.csv --epochs 200 --patience 20 --validation-split 0.2
nnc evaluate passengers.nnc --data passengers.csv
head -20 passengers.csv > some.csv
nnc predict passengers.nnc --input some.csv -o answers.csv
nnc predict passengers.nnc --input some.csv -o probabilities.csv --probabilities
head -3 answers.csv probabilities.csv
test "$(head -1 answers.csv)" = survived
test "$(head -1 probabilities.csv)" = no,yes
sed s/female/femal/ some.csv > wrong.csv
! nnc predict passengers.nnc --input wrong.csv -o answers.csv 2> message.txt
grep "Did you mean 'female'?" message.txt
