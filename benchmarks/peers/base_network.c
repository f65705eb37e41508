/* The base network's training as one would write it by hand: 2-2-1, sigmoid, binary cross-entropy, plain descent. */
#include <math.h>
#include <stdint.h>

enum { BATCH = 32 };

/* Trains an epoch, rows in the given order; w is kernel (2, 2), bias (2), kernel (2), bias. Adds up losses and right
   answers. */
void train(float *w, const float *x, const float *y, const int64_t *order, int64_t batches, float rate, float *sums) {
    float loss = 0.0f, right = 0.0f;
    for (int64_t number = 0; number < batches; number++, order += BATCH) {
        float x0[BATCH], x1[BATCH], truth[BATCH], g[9] = {0};
        for (int i = 0; i < BATCH; i++) {
            x0[i] = x[2 * order[i]];
            x1[i] = x[2 * order[i] + 1];
            truth[i] = y[order[i]];
        }
        float g0 = 0, g1 = 0, g2 = 0, g3 = 0, g4 = 0, g5 = 0, g6 = 0, g7 = 0, g8 = 0, l = 0, r = 0;
#pragma omp simd reduction(+ : g0, g1, g2, g3, g4, g5, g6, g7, g8, l, r)
        for (int i = 0; i < BATCH; i++) {
            float h0 = 1.0f / (1.0f + expf(-(x0[i] * w[0] + x1[i] * w[2] + w[4])));
            float h1 = 1.0f / (1.0f + expf(-(x0[i] * w[1] + x1[i] * w[3] + w[5])));
            float z = h0 * w[6] + h1 * w[7] + w[8];
            float e = expf(-fabsf(z));
            float p = (z >= 0.0f ? 1.0f : e) / (1.0f + e);
            l += fmaxf(z, 0.0f) - z * truth[i] + logf(1.0f + e);
            r += (z > 0.0f) == (truth[i] > 0.5f) ? 1.0f : 0.0f;
            float d = p - truth[i];
            float d0 = d * w[6] * h0 * (1.0f - h0);
            float d1 = d * w[7] * h1 * (1.0f - h1);
            g0 += x0[i] * d0;
            g1 += x0[i] * d1;
            g2 += x1[i] * d0;
            g3 += x1[i] * d1;
            g4 += d0;
            g5 += d1;
            g6 += h0 * d;
            g7 += h1 * d;
            g8 += d;
        }
        g[0] = g0, g[1] = g1, g[2] = g2, g[3] = g3, g[4] = g4, g[5] = g5, g[6] = g6, g[7] = g7, g[8] = g8;
        for (int i = 0; i < 9; i++) {
            w[i] -= rate / BATCH * g[i];
        }
        loss += l;
        right += r;
    }
    sums[0] = loss;
    sums[1] = right;
}

/* Trains an epoch of one network after another; of each there are 9 weights and 2 sums. */
void train_all(float *w, const float *x, const float *y, const int64_t *order, int64_t batches, float rate, float *sums,
               int64_t replicas) {
    for (int64_t replica = 0; replica < replicas; replica++) {
        train(w + 9 * replica, x, y, order, batches, rate, sums + 2 * replica);
    }
}
