# A teacher shows a class what happens inside, in a notebook.
pip install nnc-keras nbconvert ipykernel
python -m jupyter nbconvert --to html --execute see_through.ipynb
test -s see_through.html
cat > lesson.ipynb << 'JSON'
{"cells": [{"cell_type": "code", "execution_count": null, "id": "one", "metadata": {}, "outputs": [], "source": [
"import nnc\n",
"data = nnc.Dataset()\n",
"model = nnc.Sequential([nnc.layers.Dense(2, 'sigmoid', input_dim=2), nnc.layers.Dense(1, 'sigmoid')])\n",
"model.compile('sgd', 'binary_crossentropy')\n",
"model.fit(data.X, data.Y, epochs=50)\n",
"model"
]}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
JSON
python -m jupyter nbconvert --to notebook --execute lesson.ipynb --output done.ipynb
grep -q "image/svg" done.ipynb
! grep -qi "ipywidgets\|error" done.ipynb
