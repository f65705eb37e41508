# An embedded engineer has measurements, and a device with a C compiler and little memory.
pip install nnc-keras
cat > sensor.yaml << 'YAML'
name: sensor
layers:
  - Normalization
  - Dense: {units: 8, activation: relu}
  - Dense: {units: 1, activation: sigmoid}
compile: {optimizer: adam, loss: binary_crossentropy, metrics: [accuracy]}
YAML
nnc train sensor.yaml --data measurements.csv --epochs 100 --validation-split 0.2 -o sensor.nnc
nnc inspect sensor.nnc
nnc export sensor.nnc --to c -o device
ls device
for file in device/*.c; do cc -std=c99 -Wall -Wextra -pedantic -Werror -O2 -c "$file" -o "$file.o"; done
cc device/*.o -lm -o check
./check
