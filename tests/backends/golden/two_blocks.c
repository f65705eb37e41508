NNC_APART void nnc_predict_dense_forward_matmul(const nnc_run *run, const float *x, const float *parameters, float *v0)
{
    const int64_t batch = run->sizes[0];
    nnc_product_f32(run, batch, 24, 24, x, 24, 1, parameters, 24, 1, v0, 24, false);
    for (int64_t i0 = 0; i0 < batch; i0++) {
#pragma omp simd
        for (int64_t i1 = 0; i1 < 24; i1++) {
            const float v1 = v0[i0 * 24 + i1] + parameters[576 + i1];
            const float v2 = v1 * 0.5f;
            const float v3 = v1 * 0.70710677f;
            const float v4 = nnc_erf_f32(v3);
            const float v5 = v4 + 1.0f;
            const float dense = v2 * v5;
            const float add = x[i0 * 24 + i1] + dense;
            v0[i0 * 24 + i1] = add;
        }
    }
}

static void nnc_predict_once(const nnc_run *run)
{
    const int64_t batch = run->sizes[0];
    float *const x = (float *)(run->arena + run->offsets[0]);
    float *const parameters = (float *)run->states[0]; /* @parameters */
    float *const v0 = (float *)(run->arena + run->offsets[1]);
    float *const v6 = (float *)(run->arena + run->offsets[2]);
    /* %0 = fusion.dense(%x, %dense/kernel, %dense/bias) : f32[batch,24]  # dense forward */
    /* %dense = fusion.elementwise5(%0) : f32[batch,24]  # dense forward */
    /* %add = add(%x, %dense) : f32[batch,24]  # add forward */
    nnc_predict_dense_forward_matmul(run, x, parameters, v0);
    /* %1 = fusion.dense(%add, %dense_1/kernel, %dense_1/bias) : f32[batch,24]  # dense_1 forward */
    /* %dense_1 = fusion.elementwise5(%1) : f32[batch,24]  # dense_1 forward */
    /* %add_1 = add(%add, %dense_1) : f32[batch,24]  # add_1 forward */
    nnc_predict_dense_forward_matmul(run, v0, parameters + 600, v6);
}

void nnc_predict(const nnc_run *run)
{
    const nnc_control control = nnc_flush_subnormals();
    nnc_predict_once(run);
    nnc_set_control(control);
}

/* Runs batches of rows of the sources, which are numbered in the order of the batches. */
void nnc_predict_batches(const nnc_run *run, const void *const *sources, const int64_t *order, int64_t batches)
{
    const int64_t batch = run->sizes[0];
    float *const x_2 = (float *)(run->arena + run->offsets[0]);
    const float *const source_0 = (const float *)sources[0];
    const nnc_control control = nnc_flush_subnormals();
    for (int64_t number = 0; number < batches; number++, order += batch) {
        for (int64_t row = 0; row < batch; row++) {
            memcpy(x_2 + row * 24, source_0 + order[row] * 24, sizeof(float) * 24);
        }
        nnc_predict_once(run);
    }
    nnc_set_control(control);
}

#endif
