// A linear model of texts that needs no steps.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace maas {

// Multinomial naive Bayes with add-one smoothing (McCallum and Nigam 1998), as scikit-learn's
// MultinomialNB, of which each piece of a text counts once.
//
// pieces: int64 [R, P], values in [0, buckets], 0 = nothing; truth: float64 [R, K], one-hot, R >=
// 1; texts: int64 [S, P]. Returns the logarithms of prior and likelihood, float64 [S, K]: their
// softmax is the probability of the classes.
at::Tensor naive_bayes(const at::Tensor& pieces, const at::Tensor& truth, const at::Tensor& texts,
                       int64_t buckets);

}  // namespace maas
