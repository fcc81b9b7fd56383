// == sums
// sum = x W + b for one row; W[inputs][units], whose units have scales where they are whole numbers.
static void sums(const float *x, float *sum, int inputs, int units, const weight *w, const float *scale, const float *b)
{
    for (int u = 0; u < units; u++)
        sum[u] = 0.0f;
    for (int i = 0; i < inputs; i++)
        for (int u = 0; u < units; u++)
            sum[u] += x[i] * w[(size_t)i * units + u];
    for (int u = 0; u < units; u++)
        sum[u] = (scale ? sum[u] * scale[u] : sum[u]) + (b ? b[u] : 0.0f);
}
// == dense
// y = x W + b for each row; W[inputs][units].
static void dense(const float *x, float *y, int rows, int inputs, int units, const weight *w, const float *scale, const float *b)
{
    for (int r = 0; r < rows; r++, x += inputs, y += units)
        sums(x, y, inputs, units, w, scale, b);
}
// == tied
// y = x W' + b for each row, where W[units][inputs] is the table of the embedding.
static void tied(const float *x, float *y, int rows, int inputs, int units, const weight *w, const float *scale, const float *b)
{
    for (int r = 0; r < rows; r++, x += inputs, y += units)
        for (int u = 0; u < units; u++) {
            float sum = 0.0f;
            for (int i = 0; i < inputs; i++)
                sum += x[i] * (w[(size_t)u * inputs + i] * (scale ? scale[i] : 1.0f));
            y[u] = sum + b[u];
        }
}
// == window
// What a convolution slides over, and how.
struct window {
    int height, width, channels;   // of what is read
    int rows, columns, depth;      // of a kernel
    int filters, groups, stride, dilation;
    int top, left;                 // zeros before what is read
    int out_height, out_width;
};
// == convolution
// Kernels W[rows][columns][depth][filters] at every place; what lies outside is 0.
static void convolution(const float *x, float *y, const struct window *o, const weight *w, const float *scale, const float *b)
{
    int each = o->filters / o->groups;
    for (int row = 0; row < o->out_height; row++)
        for (int column = 0; column < o->out_width; column++, y += o->filters) {
            for (int f = 0; f < o->filters; f++)
                y[f] = 0.0f;
            for (int i = 0; i < o->rows; i++)
                for (int j = 0; j < o->columns; j++) {
                    int from_row = row * o->stride + i * o->dilation - o->top;
                    int from_column = column * o->stride + j * o->dilation - o->left;
                    if (from_row < 0 || from_row >= o->height || from_column < 0 || from_column >= o->width)
                        continue;
                    const float *pixel = x + ((size_t)from_row * o->width + from_column) * o->channels;
                    const weight *tap = w + (size_t)(i * o->columns + j) * o->depth * o->filters;
                    for (int g = 0; g < o->groups; g++)
                        for (int c = 0; c < o->depth; c++)
                            for (int f = 0; f < each; f++)
                                y[g * each + f] += pixel[g * o->depth + c] * tap[(size_t)c * o->filters + g * each + f];
                }
            for (int f = 0; f < o->filters; f++)
                y[f] = (scale ? y[f] * scale[f] : y[f]) + (b ? b[f] : 0.0f);
        }
}
// == convolution_transpose
// Every pixel of x[height][width][channels] adds W[rows][columns][filters][channels] to the output.
static void convolution_transpose(const float *x, float *y, const struct window *o, const weight *w, const float *scale, const float *b)
{
    for (int p = 0; p < o->out_height * o->out_width; p++)
        for (int f = 0; f < o->filters; f++)
            y[(size_t)p * o->filters + f] = b[f];
    for (int row = 0; row < o->height; row++)
        for (int column = 0; column < o->width; column++, x += o->channels)
            for (int i = 0; i < o->rows; i++)
                for (int j = 0; j < o->columns; j++) {
                    int to_row = row * o->stride + i - o->top, to_column = column * o->stride + j - o->left;
                    if (to_row < 0 || to_row >= o->out_height || to_column < 0 || to_column >= o->out_width)
                        continue;
                    float *to = y + ((size_t)to_row * o->out_width + to_column) * o->filters;
                    const weight *tap = w + (size_t)(i * o->columns + j) * o->filters * o->channels;
                    for (int f = 0; f < o->filters; f++) {
                        float sum = 0.0f;
                        for (int c = 0; c < o->channels; c++)
                            sum += x[c] * tap[(size_t)f * o->channels + c] * (scale ? scale[c] : 1.0f);
                        to[f] += sum;
                    }
                }
}
// == max_pool
// The largest number of each window of rows times columns.
static void max_pool(const float *x, float *y, int height, int width, int channels, int rows, int columns)
{
    for (int row = 0; row < height / rows; row++)
        for (int column = 0; column < width / columns; column++)
            for (int c = 0; c < channels; c++) {
                float best = -INFINITY;
                for (int i = 0; i < rows; i++)
                    for (int j = 0; j < columns; j++) {
                        float v = x[((size_t)(row * rows + i) * width + column * columns + j) * channels + c];
                        if (!(v <= best))
                            best = v;
                    }
                *y++ = best;
            }
}
// == average_pool
// The mean of each window of rows times columns.
static void average_pool(const float *x, float *y, int height, int width, int channels, int rows, int columns)
{
    for (int row = 0; row < height / rows; row++)
        for (int column = 0; column < width / columns; column++)
            for (int c = 0; c < channels; c++) {
                float sum = 0.0f;
                for (int i = 0; i < rows; i++)
                    for (int j = 0; j < columns; j++)
                        sum += x[((size_t)(row * rows + i) * width + column * columns + j) * channels + c];
                *y++ = sum / (rows * columns);
            }
}
// == up_sample
// Every pixel size times in both directions.
static void up_sample(const float *x, float *y, int height, int width, int channels, int size)
{
    for (int row = 0; row < height * size; row++)
        for (int column = 0; column < width * size; column++)
            for (int c = 0; c < channels; c++)
                *y++ = x[((size_t)(row / size) * width + column / size) * channels + c];
}
// == mean
// The mean over all axes but the last.
static void mean(const float *x, float *y, int rows, int channels)
{
    for (int c = 0; c < channels; c++) {
        float sum = 0.0f;
        for (int r = 0; r < rows; r++)
            sum += x[(size_t)r * channels + c];
        y[c] = sum / rows;
    }
}
// == mean_of_tokens
// The mean over the steps whose token is not padding, and over all where all are.
static void mean_of_tokens(const float *x, const float *tokens, float *y, int steps, int channels)
{
    int count = 0;
    for (int t = 0; t < steps; t++)
        count += tokens[t] >= 1.0f;
    for (int c = 0; c < channels; c++) {
        float sum = 0.0f;
        for (int t = 0; t < steps; t++)
            if (!count || tokens[t] >= 1.0f)
                sum += x[(size_t)t * channels + c];
        y[c] = sum / (count ? count : steps);
    }
}
// == rotate
// Turns the numbers i and i + width / 2 of every head at step t by the angle t 10000^(-2 i / width).
static void rotate(float *x, int steps, int heads, int width)
{
    for (int t = 0; t < steps; t++)
        for (int h = 0; h < heads; h++, x += width)
            for (int i = 0; i < width / 2; i++) {
                double angle = t * pow(10000.0, -2.0 * i / width);
                float c = (float)cos(angle), s = (float)sin(angle), a = x[i], b = x[i + width / 2];
                x[i] = a * c - b * s;
                x[i + width / 2] = b * c + a * s;
            }
}
// == heads
// What attention cuts its features into, and what a step does not see: those after it, or padding.
struct heads {
    int steps, features, heads, causal, padding;
};
// == attend
// Replaces every query by the mean of the values, weighted by the softmax of its products with the keys.
static void attend(float *q, const float *k, const float *v, const float *tokens, const struct heads *o, float *weights)
{
    int width = o->features / o->heads;
    for (int h = 0; h < o->heads; h++)
        for (int t = 0; t < o->steps; t++) {
            float *query = q + (size_t)t * o->features + h * width;
            int seen = o->causal ? t + 1 : o->steps;
            float largest = -INFINITY, sum = 0.0f;
            for (int s = 0; s < seen; s++) {
                const float *key = k + (size_t)s * o->features + h * width;
                float score = 0.0f;
                for (int i = 0; i < width; i++)
                    score += query[i] * key[i];
                weights[s] = o->padding && !(tokens[s] >= 1.0f) ? -INFINITY : score / sqrtf((float)width);
                largest = weights[s] > largest ? weights[s] : largest;
            }
            for (int s = 0; s < seen; s++)
                sum += weights[s] = weights[s] == -INFINITY ? 0.0f : expf(weights[s] - largest);
            for (int i = 0; i < width; i++)
                query[i] = 0.0f;
            for (int s = 0; s < seen && sum > 0.0f; s++) {
                const float *value = v + (size_t)s * o->features + h * width;
                for (int i = 0; i < width; i++)
                    query[i] += weights[s] / sum * value[i];
            }
        }
}
// == copy
static void copy(const float *x, float *y, int count)
{
    for (int i = 0; i < count; i++)
        y[i] = x[i];
}
// == embedding
// The first numbers as they are, then the row of the table for each word.
static void embedding(const float *x, float *y, int numbers, int words, int vocabulary, int units, const weight *table,
                      const float *scale)
{
    for (int i = 0; i < numbers; i++)
        *y++ = x[i];
    for (int i = 0; i < words; i++) {
        float word = x[numbers + i];
        int at = !(word > 0.0f) ? 0 : word < vocabulary ? (int)word : vocabulary - 1;
        for (int u = 0; u < units; u++)
            *y++ = table[(size_t)at * units + u] * (scale ? scale[u] : 1.0f);
    }
}
// == positions
// Adds a vector to every step.
static void positions(float *x, int steps, int features, const float *p)
{
    for (int i = 0; i < steps * features; i++)
        x[i] += p[i];
}
// == learned_positions
// Adds a vector to every step, whose numbers have scales where they are whole numbers.
static void learned_positions(float *x, int steps, int features, const weight *p, const float *scale)
{
    for (int i = 0; i < steps * features; i++)
        x[i] += p[i] * (scale ? scale[i % features] : 1.0f);
}
// == numeric_embedding
// For each of the first numbers x itself and cos(frequency x + phase) W + b, then the others as they are.
static void numeric_embedding(const float *x, float *y, int row, int numbers, int waves, int units, const float *frequency,
                              const float *phase, const float *w, const float *b, float *cosines)
{
    for (int i = 0; i < numbers; i++) {
        for (int k = 0; k < waves; k++)
            cosines[k] = cosf(frequency[i * waves + k] * x[i] + phase[i * waves + k]);
        *y++ = x[i];
        for (int u = 0; u < units; u++) {
            float sum = b[i * units + u];
            for (int k = 0; k < waves; k++)
                sum += cosines[k] * w[((size_t)i * waves + k) * units + u];
            *y++ = sum;
        }
    }
    for (int i = numbers; i < row; i++)
        *y++ = x[i];
}
// == sigmoid
static float sigmoid(float z)
{
    return 1.0f / (1.0f + expf(-z));
}
// == sequence
// One reading of a sequence x[steps][features]. Its outputs begin at y, in rows of `width` numbers if all steps are given.
struct sequence {
    int steps, features, units;
    int backwards, all_steps, width;
};

static float *output_of(const struct sequence *o, float *y, int step)
{
    return o->all_steps ? y + (size_t)step * o->width : y;
}
// == rnn
// h = tanh(x W + h U + b)
static void rnn(const float *x, float *y, const struct sequence *o, const weight *w, const float *w_scale, const weight *u,
                const float *u_scale, const float *b, float *scratch)
{
    int n = o->units;
    float *h = scratch, *z = h + 2 * n, *s = z + n;
    for (int k = 0; k < n; k++)
        h[k] = 0.0f;
    for (int t = 0; t < o->steps; t++) {
        int step = o->backwards ? o->steps - 1 - t : t;
        sums(x + (size_t)step * o->features, z, o->features, n, w, w_scale, b);
        sums(h, s, n, n, u, u_scale, 0);
        for (int k = 0; k < n; k++)
            h[k] = tanhf(z[k] + s[k]);
        copy(h, output_of(o, y, step), n);
    }
}
// == lstm
// Gates i, f, g, o; c = f c + i g, h = o tanh(c).
static void lstm(const float *x, float *y, const struct sequence *o, const weight *w, const float *w_scale, const weight *u,
                const float *u_scale, const float *b, float *scratch)
{
    int n = o->units;
    float *h = scratch, *c = h + n, *z = c + n, *s = z + 4 * n;
    for (int k = 0; k < 2 * n; k++)
        scratch[k] = 0.0f;
    for (int t = 0; t < o->steps; t++) {
        int step = o->backwards ? o->steps - 1 - t : t;
        sums(x + (size_t)step * o->features, z, o->features, 4 * n, w, w_scale, b);
        sums(h, s, n, 4 * n, u, u_scale, 0);
        for (int k = 0; k < n; k++) {
            float i = sigmoid(z[k] + s[k]), f = sigmoid(z[n + k] + s[n + k]);
            float g = tanhf(z[2 * n + k] + s[2 * n + k]), out = sigmoid(z[3 * n + k] + s[3 * n + k]);
            c[k] = f * c[k] + i * g;
            h[k] = out * tanhf(c[k]);
        }
        copy(h, output_of(o, y, step), n);
    }
}
// == gru
// Gates z, r, g; h = (1 - z) g + z h, g = tanh(x W + b + r (h U + b')).
static void gru(const float *x, float *y, const struct sequence *o, const weight *w, const float *w_scale, const weight *u,
                const float *u_scale, const float *b, float *scratch)
{
    int n = o->units;
    float *h = scratch, *z = h + 2 * n, *s = z + 3 * n;
    for (int k = 0; k < n; k++)
        h[k] = 0.0f;
    for (int t = 0; t < o->steps; t++) {
        int step = o->backwards ? o->steps - 1 - t : t;
        sums(x + (size_t)step * o->features, z, o->features, 3 * n, w, w_scale, b);
        sums(h, s, n, 3 * n, u, u_scale, b + 3 * n);
        for (int k = 0; k < n; k++) {
            float update = sigmoid(z[k] + s[k]), reset = sigmoid(z[n + k] + s[n + k]);
            float g = tanhf(z[2 * n + k] + reset * s[2 * n + k]);
            h[k] = g + update * (h[k] - g);
        }
        copy(h, output_of(o, y, step), n);
    }
}
// == members
// Every member's own scale of the row that all read, or of its own row.
static void members(const float *x, float *y, int inputs, int count, const float *scale)
{
    for (int i = 0; i < count; i++)
        y[i] = x[i % inputs] * scale[i];
}
// == affine
static void affine(float *x, int count, int channels, const float *scale, const float *shift)
{
    for (int i = 0; i < count; i++)
        x[i] = x[i] * scale[i % channels] + shift[i % channels];
}
// == layer_norm
static void layer_norm(float *x, int rows, int features, float epsilon, const float *gamma, const float *beta)
{
    for (int r = 0; r < rows; r++, x += features) {
        float average = 0.0f, variance = 0.0f;
        for (int i = 0; i < features; i++)
            average += x[i];
        average /= features;
        for (int i = 0; i < features; i++)
            variance += (x[i] - average) * (x[i] - average);
        float deviation = sqrtf(variance / features + epsilon);
        for (int i = 0; i < features; i++)
            x[i] = (x[i] - average) / deviation * gamma[i] + beta[i];
    }
}
// == rms_norm
static void rms_norm(float *x, int rows, int features, float epsilon, const float *gamma)
{
    for (int r = 0; r < rows; r++, x += features) {
        float square = 0.0f;
        for (int i = 0; i < features; i++)
            square += x[i] * x[i];
        float root = sqrtf(square / features + epsilon);
        for (int i = 0; i < features; i++)
            x[i] = x[i] / root * gamma[i];
    }
}
// == apply_relu
static void apply_relu(float *x, int count)
{
    for (int i = 0; i < count; i++)
        x[i] = x[i] < 0.0f ? 0.0f : x[i];
}
// == apply_leaky_relu
static void apply_leaky_relu(float *x, int count)
{
    for (int i = 0; i < count; i++)
        x[i] = x[i] < 0.0f ? 0.01f * x[i] : x[i];
}
// == apply_elu
static void apply_elu(float *x, int count)
{
    for (int i = 0; i < count; i++)
        x[i] = x[i] < 0.0f ? expm1f(x[i]) : x[i];
}
// == apply_gelu
static void apply_gelu(float *x, int count)
{
    for (int i = 0; i < count; i++)
        x[i] *= 0.5f * (1.0f + erff(x[i] * 0.70710678f));
}
// == apply_silu
static void apply_silu(float *x, int count)
{
    for (int i = 0; i < count; i++)
        x[i] *= sigmoid(x[i]);
}
// == apply_sigmoid
static void apply_sigmoid(float *x, int count)
{
    for (int i = 0; i < count; i++)
        x[i] = sigmoid(x[i]);
}
// == apply_tanh
static void apply_tanh(float *x, int count)
{
    for (int i = 0; i < count; i++)
        x[i] = tanhf(x[i]);
}
// == p_relu
static void p_relu(float *x, int count, int channels, const float *alpha)
{
    for (int i = 0; i < count; i++)
        x[i] = x[i] < 0.0f ? alpha[i % channels] * x[i] : x[i];
}
// == softmax
// Exponentials over their sum, moved so that none overflows.
static void softmax(float *x, int rows, int classes)
{
    for (int r = 0; r < rows; r++, x += classes) {
        float largest = x[0], sum = 0.0f;
        for (int i = 1; i < classes; i++)
            largest = x[i] > largest ? x[i] : largest;
        for (int i = 0; i < classes; i++)
            sum += x[i] = expf(x[i] - largest);
        for (int i = 0; i < classes; i++)
            x[i] /= sum;
    }
}
// == shares
// f(x) over its sum, and the softmax where that sum is not above 0.
static void shares(float *x, int rows, int classes, float (*f)(float))
{
    for (int r = 0; r < rows; r++, x += classes) {
        float sum = 0.0f;
        for (int i = 0; i < classes; i++)
            sum += f(x[i]);
        if (sum > 0.0f && isfinite(sum))
            for (int i = 0; i < classes; i++)
                x[i] = f(x[i]) / sum;
        else
            softmax(x, 1, classes);
    }
}
// == positive
static float positive(float z)
{
    return z < 0.0f ? 0.0f : z;
}
// == add
static void add(float *x, const float *other, int count)
{
    for (int i = 0; i < count; i++)
        x[i] += other[i];
}
