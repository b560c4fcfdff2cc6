// The list: every operator seen in exports of common networks (decomposed or not), their relatives,
// and core ATen. An operator belongs here when it is a function of its arguments.
#include "program/operators.h"

#include <algorithm>
#include <set>
#include <sstream>

namespace maas {
namespace {

constexpr const char* kAten =
    // linear algebra
    "linear matmul mm bmm mv dot vdot inner outer kron addmm addmv addr addbmm baddbmm einsum "
    "bilinear _trilinear tensordot chain_matmul trace cross matrix_exp matrix_power det logdet "
    "slogdet inverse linalg_cross linalg_det linalg_inv linalg_inv_ex linalg_matmul "
    "linalg_matrix_norm linalg_matrix_power linalg_multi_dot linalg_vecdot linalg_solve "
    "linalg_solve_triangular linalg_slogdet linalg_cholesky linalg_cholesky_ex linalg_qr "
    "linalg_vander vander linalg_matrix_exp linalg_pinv linalg_svdvals _int_mm "
    // convolution and pooling
    "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d convolution "
    "_convolution conv_tbc max_pool1d max_pool2d max_pool3d max_pool1d_with_indices "
    "max_pool2d_with_indices max_pool3d_with_indices max_unpool2d max_unpool3d "
    "avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d "
    "adaptive_avg_pool3d _adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_max_pool1d "
    "adaptive_max_pool2d adaptive_max_pool3d im2col col2im unfold_copy pixel_shuffle "
    "pixel_unshuffle channel_shuffle native_channel_shuffle grid_sampler grid_sampler_2d "
    "grid_sampler_3d affine_grid_generator upsample_nearest1d upsample_nearest2d "
    "upsample_nearest3d _upsample_nearest_exact1d _upsample_nearest_exact2d "
    "_upsample_nearest_exact3d upsample_bilinear2d upsample_linear1d upsample_trilinear3d "
    "upsample_bicubic2d _upsample_bilinear2d_aa _upsample_bicubic2d_aa "
    // normalisation
    "batch_norm native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training "
    "_native_batch_norm_legit_functional layer_norm native_layer_norm group_norm "
    "native_group_norm instance_norm rms_norm _fused_rms_norm renorm _weight_norm "
    "_weight_norm_interface norm_except_dim "
    // activations
    "relu relu6 gelu silu mish sigmoid tanh hardtanh hardswish hardsigmoid hardshrink softshrink "
    "leaky_relu elu selu celu prelu _prelu_kernel rrelu softplus log_sigmoid log_sigmoid_forward "
    "threshold glu softmax _softmax _safe_softmax _masked_softmax special_softmax log_softmax "
    "_log_softmax special_log_softmax "
    // attention and recurrence
    "scaled_dot_product_attention _scaled_dot_product_flash_attention_for_cpu "
    "_scaled_dot_product_attention_math _native_multi_head_attention lstm gru rnn_tanh rnn_relu "
    "lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell embedding embedding_bag _embedding_bag "
    "_embedding_bag_forward_only "
    // dropout and random numbers
    "dropout native_dropout feature_dropout alpha_dropout feature_alpha_dropout bernoulli rand "
    "rand_like randn randn_like randint randint_like randperm "
    // elementwise arithmetic
    "add sub mul div rsub pow float_power remainder fmod floor_divide true_divide divide multiply "
    "subtract neg negative positive abs absolute sign sgn signbit exp exp2 expm1 log log2 log10 "
    "log1p sqrt rsqrt square reciprocal sin cos tan asin acos atan atan2 sinh cosh asinh acosh "
    "atanh arcsin arccos arctan arctan2 arcsinh arccosh arctanh sinc erf erfc erfinv ceil floor "
    "round trunc fix frac clamp clamp_min clamp_max clip maximum minimum fmax fmin lerp addcmul "
    "addcdiv nan_to_num logaddexp logaddexp2 xlogy hypot digamma lgamma polygamma mvlgamma igamma "
    "igammac copysign heaviside ldexp gcd lcm logit deg2rad rad2deg i0 special_expit special_erf "
    "special_erfc special_erfcx special_erfinv special_entr special_exp2 special_expm1 "
    "special_gammaln special_digamma special_psi special_i0 special_i0e special_i1 special_i1e "
    "special_log1p special_log_ndtr special_logit special_ndtr special_ndtri special_round "
    "special_sinc special_xlog1py special_xlogy "
    // comparison and logic
    "eq ne lt le gt ge not_equal less less_equal greater greater_equal logical_and logical_or "
    "logical_not logical_xor bitwise_and bitwise_or bitwise_not bitwise_xor __and__ __or__ "
    "__xor__ isnan isinf isposinf isneginf isfinite isclose isin where masked_fill any all equal "
    "bitwise_left_shift bitwise_right_shift __lshift__ __rshift__ "
    // reductions and scans
    "sum nansum mean nanmean prod max min amax amin aminmax argmax argmin var std var_mean "
    "std_mean norm dist frobenius_norm nuclear_norm linalg_vector_norm linalg_norm logsumexp "
    "special_logsumexp cumsum cumprod cummax cummin logcumsumexp diff trapezoid trapz "
    "cumulative_trapezoid count_nonzero median nanmedian quantile nanquantile mode topk sort msort "
    "argsort kthvalue searchsorted bucketize histc bincount cov corrcoef sum_to_size "
    // losses and distances
    "cross_entropy_loss nll_loss nll_loss_nd nll_loss2d nll_loss_forward nll_loss2d_forward "
    "mse_loss l1_loss huber_loss smooth_l1_loss binary_cross_entropy "
    "binary_cross_entropy_with_logits kl_div poisson_nll_loss soft_margin_loss multi_margin_loss "
    "multilabel_margin_loss hinge_embedding_loss margin_ranking_loss triplet_margin_loss "
    "cosine_embedding_loss cosine_similarity pairwise_distance cdist _cdist_forward "
    "_euclidean_dist pdist _pdist_forward "
    // gradients, which joint graphs hold
    "convolution_backward native_layer_norm_backward native_group_norm_backward "
    "max_pool2d_with_indices_backward avg_pool2d_backward _adaptive_avg_pool2d_backward "
    "embedding_dense_backward masked_select_backward "
    // shape
    "view _unsafe_view _reshape_alias reshape view_as reshape_as expand expand_as permute "
    "transpose t numpy_T mT adjoint movedim moveaxis swapaxes swapdims squeeze unsqueeze flatten "
    "unflatten ravel slice select narrow split split_with_sizes unsafe_split "
    "unsafe_split_with_sizes tensor_split hsplit vsplit dsplit chunk unsafe_chunk unbind unfold "
    "diagonal linalg_diagonal as_strided cat concat concatenate stack hstack vstack dstack "
    "row_stack column_stack repeat repeat_interleave tile roll flip fliplr flipud rot90 index "
    "_unsafe_index _unsafe_masked_index index_select gather take take_along_dim scatter "
    "scatter_add scatter_reduce index_put _unsafe_index_put index_add index_copy index_fill "
    "index_reduce put slice_scatter select_scatter diagonal_scatter as_strided_scatter "
    "masked_scatter masked_select nonzero nonzero_static argwhere pad constant_pad_nd "
    "reflection_pad1d reflection_pad2d reflection_pad3d replication_pad1d replication_pad2d "
    "replication_pad3d tril triu diag diagflat diag_embed one_hot meshgrid broadcast_to "
    "broadcast_tensors atleast_1d atleast_2d atleast_3d cartesian_prod combinations block_diag "
    // creation
    "zeros ones full empty empty_strided empty_permuted arange range linspace logspace eye "
    "scalar_tensor zeros_like ones_like full_like empty_like new_zeros new_ones new_full new_empty "
    "new_empty_strided tril_indices triu_indices bartlett_window blackman_window hamming_window "
    "hann_window kaiser_window lift lift_fresh lift_fresh_copy fill zero "
    // conversion and identity
    "to _to_copy type_as contiguous clone detach alias copy _cast_Float view_copy permute_copy "
    "expand_copy slice_copy select_copy transpose_copy unsqueeze_copy squeeze_copy split_copy "
    "split_with_sizes_copy unbind_copy diagonal_copy as_strided_copy narrow_copy detach_copy "
    "alias_copy t_copy resolve_conj resolve_neg "
    // shape arithmetic and assertions
    "sym_size sym_numel sym_stride sym_storage_offset _shape_as_tensor _assert_async "
    "_assert_scalar _assert_tensor_metadata _local_scalar_dense item size numel "
    "sym_constrain_range sym_constrain_range_for_size "
    // quantization arithmetic in its stored, plain-tensor form
    "fake_quantize_per_tensor_affine fake_quantize_per_channel_affine";

constexpr const char* kArithmetic =
    "add sub mul floordiv truediv mod neg pow and_ or_ not_ eq ne lt le gt ge "
    "sym_min sym_max sym_ite sym_not sym_int sym_float";

constexpr const char* kMath = "ceil floor trunc sqrt";

constexpr const char* kViews =
    "view _unsafe_view _reshape_alias reshape view_as reshape_as expand expand_as permute "
    "transpose t numpy_T mT adjoint movedim moveaxis swapaxes swapdims squeeze unsqueeze flatten "
    "unflatten ravel slice select narrow split split_with_sizes tensor_split hsplit vsplit dsplit "
    "chunk unbind unfold diagonal linalg_diagonal as_strided to contiguous detach alias type_as "
    "broadcast_to lift lift_fresh resolve_conj resolve_neg atleast_1d atleast_2d atleast_3d "
    "positive";

void add_words(const char* words, const std::string& prefix, std::vector<std::string>& out) {
  std::istringstream in(words);
  for (std::string word; in >> word;) out.push_back(prefix + word);
}

std::vector<std::string> make_list() {
  std::vector<std::string> all;
  add_words(kAten, "aten::", all);
  add_words(kArithmetic, "_operator::", all);
  add_words(kMath, "math::", all);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::set<std::string> word_set(const char* words) {
  std::vector<std::string> all;
  add_words(words, "aten::", all);
  return {all.begin(), all.end()};
}

}  // namespace

const std::vector<std::string>& allowed_operators() {
  static const std::vector<std::string> all = make_list();
  return all;
}

bool is_allowed_operator(const std::string& op) {
  return std::binary_search(allowed_operators().begin(), allowed_operators().end(), op);
}

bool is_mode_dependent(const std::string& op) {
  static const std::set<std::string> all = word_set(
      "dropout native_dropout feature_dropout alpha_dropout feature_alpha_dropout bernoulli "
      "batch_norm native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_functional "
      "instance_norm lstm gru rnn_tanh rnn_relu rrelu scaled_dot_product_attention rand rand_like "
      "randn randn_like randint randint_like randperm");
  return all.count(op) != 0;
}

std::string pure_form(const std::string& op) {
  std::string pure;
  if (op.rfind("aten::__i", 0) == 0) {
    pure = "aten::__" + op.substr(9);  // __iand__ -> __and__
  } else if (op.size() > 2 && op.back() == '_' && op[op.size() - 2] != '_') {
    pure = op.substr(0, op.size() - 1);
  }
  return pure.rfind("aten::", 0) == 0 && is_allowed_operator(pure) ? pure : "";
}

bool is_view(const std::string& op) {
  static const std::set<std::string> all = word_set(kViews);
  return all.count(op) != 0;
}

bool is_one_of(const std::string& op, std::initializer_list<const char*> names) {
  return std::find(names.begin(), names.end(), op) != names.end();
}

}  // namespace maas
