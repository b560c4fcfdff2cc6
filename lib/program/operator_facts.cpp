// The lists: every operator seen in exports of common networks (decomposed or not), their
// relatives, and core ATen. An operator belongs here when it is a function of its arguments.
#include "program/operator_facts.h"

#include <algorithm>
#include <map>
#include <sstream>

namespace maas {
namespace {

struct Group {
  const char* name;
  const char* words;
};

constexpr Group kAten[] = {
    {"linear algebra",
     "linear matmul mm bmm mv dot vdot inner outer kron addmm addmv addr addbmm baddbmm einsum "
     "bilinear _trilinear tensordot chain_matmul trace cross matrix_exp matrix_power det logdet "
     "slogdet inverse linalg_cross linalg_det linalg_inv linalg_inv_ex linalg_matmul "
     "linalg_matrix_norm linalg_matrix_power linalg_multi_dot linalg_vecdot linalg_solve "
     "linalg_solve_triangular linalg_slogdet linalg_cholesky linalg_cholesky_ex linalg_qr "
     "linalg_vander vander linalg_matrix_exp linalg_pinv linalg_svdvals linalg_svd _linalg_svd "
     "linalg_eig linalg_eigvals linalg_eigh linalg_eigvalsh _linalg_eigh linalg_lstsq linalg_lu "
     "linalg_lu_factor linalg_lu_factor_ex linalg_lu_solve linalg_ldl_factor linalg_ldl_factor_ex "
     "linalg_ldl_solve linalg_tensorinv linalg_tensorsolve linalg_cond linalg_matrix_rank "
     "linalg_householder_product linalg_solve_ex _linalg_solve_ex _linalg_det _linalg_slogdet "
     "_linalg_check_errors cholesky cholesky_inverse cholesky_solve lu_solve lu_unpack "
     "triangular_solve qr svd pinverse geqrf ormqr _int_mm _grouped_mm"},
    {"complex numbers and spectra",
     "complex polar real imag view_as_complex view_as_real angle conj _conj conj_physical "
     "_conj_physical _neg_view fft_fft fft_ifft fft_rfft fft_irfft fft_hfft fft_ihfft fft_fft2 "
     "fft_ifft2 fft_rfft2 fft_irfft2 fft_fftn fft_ifftn fft_rfftn fft_irfftn fft_fftfreq "
     "fft_rfftfreq fft_fftshift fft_ifftshift _fft_r2c _fft_c2r _fft_c2c stft istft"},
    {"convolution and pooling",
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
     "upsample_bicubic2d _upsample_bilinear2d_aa _upsample_bicubic2d_aa"},
    {"normalisation",
     "batch_norm native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training "
     "_native_batch_norm_legit_functional layer_norm native_layer_norm group_norm "
     "native_group_norm instance_norm rms_norm _fused_rms_norm renorm _weight_norm "
     "_weight_norm_interface norm_except_dim"},
    {"activations",
     "relu relu6 gelu silu mish sigmoid tanh hardtanh hardswish hardsigmoid hardshrink softshrink "
     "leaky_relu elu selu celu prelu _prelu_kernel rrelu softplus log_sigmoid log_sigmoid_forward "
     "threshold glu softmax _softmax _safe_softmax _masked_softmax special_softmax log_softmax "
     "_log_softmax special_log_softmax"},
    {"attention and recurrence",
     "scaled_dot_product_attention _scaled_dot_product_flash_attention_for_cpu "
     "_scaled_dot_product_attention_math _native_multi_head_attention lstm gru rnn_tanh rnn_relu "
     "lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell embedding embedding_bag _embedding_bag "
     "_embedding_bag_forward_only"},
    {"dropout and random numbers",
     "dropout native_dropout feature_dropout alpha_dropout feature_alpha_dropout bernoulli rand "
     "rand_like randn randn_like randint randint_like randperm multinomial exponential uniform "
     "normal normal_functional geometric log_normal cauchy random poisson binomial "
     "_standard_gamma rrelu_with_noise_functional"},
    {"elementwise arithmetic",
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
     "special_sinc special_xlog1py special_xlogy"},
    {"comparison and logic",
     "eq ne lt le gt ge not_equal less less_equal greater greater_equal logical_and logical_or "
     "logical_not logical_xor bitwise_and bitwise_or bitwise_not bitwise_xor __and__ __or__ "
     "__xor__ isnan isinf isposinf isneginf isfinite isclose isin where masked_fill any all equal "
     "bitwise_left_shift bitwise_right_shift __lshift__ __rshift__"},
    {"reductions and scans",
     "sum nansum mean nanmean prod max min amax amin aminmax argmax argmin var std var_mean "
     "std_mean norm dist frobenius_norm nuclear_norm linalg_vector_norm linalg_norm logsumexp "
     "special_logsumexp cumsum cumprod cummax cummin logcumsumexp diff trapezoid trapz "
     "cumulative_trapezoid count_nonzero median nanmedian quantile nanquantile mode topk sort "
     "msort "
     "argsort kthvalue searchsorted bucketize histc bincount _unique _unique2 "
     "unique_dim unique_consecutive unique_dim_consecutive cov corrcoef sum_to_size"},
    {"losses and distances",
     "cross_entropy_loss nll_loss nll_loss_nd nll_loss2d nll_loss_forward nll_loss2d_forward "
     "mse_loss l1_loss huber_loss smooth_l1_loss binary_cross_entropy "
     "binary_cross_entropy_with_logits kl_div poisson_nll_loss soft_margin_loss multi_margin_loss "
     "multilabel_margin_loss hinge_embedding_loss margin_ranking_loss triplet_margin_loss "
     "cosine_embedding_loss cosine_similarity pairwise_distance cdist _cdist_forward "
     "_euclidean_dist pdist _pdist_forward"},
    {"gradients",
     "convolution_backward native_layer_norm_backward native_group_norm_backward "
     "max_pool2d_with_indices_backward avg_pool2d_backward _adaptive_avg_pool2d_backward "
     "embedding_dense_backward masked_select_backward"},
    {"shape",
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
     "broadcast_tensors atleast_1d atleast_2d atleast_3d cartesian_prod combinations block_diag"},
    {"creation",
     "zeros ones full empty empty_strided empty_permuted arange range linspace logspace eye "
     "scalar_tensor zeros_like ones_like full_like empty_like new_zeros new_ones new_full "
     "new_empty "
     "new_empty_strided tril_indices triu_indices bartlett_window blackman_window hamming_window "
     "hann_window kaiser_window lift lift_fresh lift_fresh_copy fill zero"},
    {"conversion and identity",
     "to _to_copy type_as contiguous clone detach alias copy _cast_Float view_copy permute_copy "
     "expand_copy slice_copy select_copy transpose_copy unsqueeze_copy squeeze_copy split_copy "
     "split_with_sizes_copy unbind_copy diagonal_copy as_strided_copy narrow_copy detach_copy "
     "alias_copy t_copy resolve_conj resolve_neg"},
    {"shape arithmetic and assertions",
     "sym_size sym_numel sym_stride sym_storage_offset _shape_as_tensor _assert_async "
     "_assert_scalar _assert_tensor_metadata _local_scalar_dense item size numel "
     "sym_constrain_range sym_constrain_range_for_size"},
    {"quantization",
     "fake_quantize_per_tensor_affine fake_quantize_per_channel_affine "
     "fake_quantize_per_tensor_affine_cachemask fake_quantize_per_channel_affine_cachemask "
     "_fake_quantize_per_tensor_affine_cachemask_tensor_qparams"},
};

constexpr Group kOthers[] = {
    {"detection", "torchvision::nms torchvision::roi_align torchvision::deform_conv2d"},
    {"mixtures of experts", "transformers::grouped_mm_fallback"},
    {"arithmetic of sizes",
     "_operator::add _operator::sub _operator::mul _operator::floordiv _operator::truediv "
     "_operator::mod _operator::neg _operator::pow _operator::and_ _operator::or_ _operator::not_ "
     "_operator::eq _operator::ne _operator::lt _operator::le _operator::gt _operator::ge "
     "_operator::sym_min _operator::sym_max _operator::sym_ite _operator::sym_not "
     "_operator::sym_int _operator::sym_float math::ceil math::floor math::trunc math::sqrt"},
};

constexpr const char* kViews =
    "view _unsafe_view _reshape_alias reshape view_as reshape_as expand expand_as permute "
    "transpose t numpy_T mT adjoint movedim moveaxis swapaxes swapdims squeeze unsqueeze flatten "
    "unflatten ravel slice select narrow split split_with_sizes tensor_split hsplit vsplit dsplit "
    "chunk unbind unfold diagonal linalg_diagonal as_strided to contiguous detach alias type_as "
    "broadcast_to lift lift_fresh resolve_conj resolve_neg atleast_1d atleast_2d atleast_3d "
    "positive real imag view_as_complex view_as_real conj _conj _neg_view";

constexpr const char* kAlwaysViews =
    "view _unsafe_view view_as unsqueeze squeeze select slice narrow transpose swapaxes swapdims "
    "permute t numpy_T mT diagonal expand unbind split split_with_sizes chunk alias detach "
    "as_strided lift_fresh lift view_as_complex view_as_real";

constexpr const char* kSameElements =
    "view _unsafe_view view_as view_copy reshape reshape_as flatten unflatten ravel unsqueeze "
    "unsqueeze_copy squeeze squeeze_copy permute permute_copy transpose transpose_copy t t_copy "
    "numpy_T mT movedim moveaxis swapaxes swapdims contiguous clone detach detach_copy alias "
    "alias_copy to _to_copy type_as repeat tile flip roll lift_fresh lift_fresh_copy expand "
    "expand_copy expand_as broadcast_to atleast_1d atleast_2d";

constexpr const char* kPointwiseGroups[] = {"activations", "elementwise arithmetic",
                                            "comparison and logic"};
constexpr const char* kPointwiseElsewhere[] = {"fake_quantize_per_tensor_affine", "conj_physical",
                                               "_conj_physical", "angle"};
constexpr const char* kNotPointwise =
    "prelu _prelu_kernel log_sigmoid_forward glu softmax _softmax _safe_softmax _masked_softmax "
    "special_softmax log_softmax _log_softmax special_log_softmax isin any all equal";

// Attention and the recurrent layers drop out between their parts.
constexpr const char* kRandom =
    "dropout native_dropout feature_dropout alpha_dropout feature_alpha_dropout bernoulli rand "
    "rand_like randn randn_like randint randint_like randperm multinomial exponential uniform "
    "normal normal_functional geometric log_normal cauchy random poisson binomial _standard_gamma "
    "rrelu rrelu_with_noise_functional scaled_dot_product_attention "
    "_scaled_dot_product_attention_math _scaled_dot_product_flash_attention_for_cpu "
    "lstm gru rnn_tanh rnn_relu";

constexpr const char* kComparisons =
    "eq ne lt le gt ge not_equal less less_equal greater greater_equal logical_and logical_or "
    "logical_not logical_xor isnan isinf isposinf isneginf isfinite isclose isin signbit";

constexpr const char* kConstants =
    "zeros ones full empty empty_strided empty_permuted arange range linspace logspace eye "
    "scalar_tensor zeros_like ones_like full_like empty_like new_zeros new_ones new_full new_empty "
    "new_empty_strided tril_indices triu_indices bartlett_window blackman_window hamming_window "
    "hann_window kaiser_window rand rand_like randn randn_like randint randint_like randperm "
    "detach "
    "detach_copy";

struct Flag {
  const char* op;
  const char* name;
};
constexpr Flag kTrainingFlags[] = {
    {"dropout", "train"},
    {"native_dropout", "train"},
    {"feature_dropout", "train"},
    {"alpha_dropout", "train"},
    {"feature_alpha_dropout", "train"},
    {"batch_norm", "training"},
    {"native_batch_norm", "training"},
    {"_native_batch_norm_legit", "training"},
    {"_native_batch_norm_legit_functional", "training"},
    {"instance_norm", "use_input_stats"},
    {"lstm", "train"},
    {"gru", "train"},
    {"rnn_tanh", "train"},
    {"rnn_relu", "train"},
    {"rrelu", "training"},
    {"rrelu_with_noise_functional", "training"},
};

template <class Visit>
void for_each_word(const char* words, Visit visit) {
  std::istringstream in(words);
  for (std::string word; in >> word;) visit(word);
}

class Table {
 public:
  Table() {
    for (const Group& group : kAten) add(group, "aten::");
    for (const Group& group : kOthers) add(group, "");
    for (const char* name : kPointwiseGroups) {
      for (auto& [op, facts] : facts_) facts.pointwise = facts.pointwise || facts.group == name;
    }
    for (const char* word : kPointwiseElsewhere) at(word).pointwise = true;
    for_each_word(kNotPointwise, [&](const std::string& word) { at(word).pointwise = false; });
    mark(kViews, &OperatorFacts::view);
    mark(kAlwaysViews, &OperatorFacts::always_view);
    mark(kSameElements, &OperatorFacts::same_elements);
    mark(kRandom, &OperatorFacts::random);
    mark(kComparisons, &OperatorFacts::comparison);
    mark(kConstants, &OperatorFacts::constant);
    for (const Flag& flag : kTrainingFlags) at(flag.op).training_flag = flag.name;
  }

  std::vector<OperatorFacts> sorted() const {
    std::vector<OperatorFacts> all;
    for (const auto& [op, facts] : facts_) all.push_back(facts);
    return all;
  }

 private:
  void add(const Group& group, const std::string& prefix) {
    for_each_word(group.words, [&](const std::string& word) {
      OperatorFacts& facts = facts_[prefix + word];
      facts.op = prefix + word;
      facts.group = group.name;
    });
  }

  // Of an operator that is on the list: a word that is not is a mistake of these lists.
  OperatorFacts& at(const std::string& word) { return facts_.at("aten::" + word); }

  void mark(const char* words, bool OperatorFacts::*fact) {
    for_each_word(words, [&](const std::string& word) { at(word).*fact = true; });
  }

  std::map<std::string, OperatorFacts> facts_;
};

}  // namespace

const std::vector<OperatorFacts>& operator_facts() {
  static const std::vector<OperatorFacts> all = Table().sorted();
  return all;
}

const OperatorFacts* facts_of(const std::string& op) {
  const std::vector<OperatorFacts>& all = operator_facts();
  const auto found = std::lower_bound(
      all.begin(), all.end(), op,
      [](const OperatorFacts& facts, const std::string& name) { return facts.op < name; });
  return found != all.end() && found->op == op ? &*found : nullptr;
}

bool is_view(const std::string& op) {
  const OperatorFacts* facts = facts_of(op);
  return facts != nullptr && facts->view;
}

bool is_constant(const std::string& op) {
  const OperatorFacts* facts = facts_of(op);
  return facts != nullptr && facts->constant;
}

std::string pure_form(const std::string& op) {
  std::string pure;
  if (op == "aten::normal_") {
    pure = "aten::normal_functional";  // normal is something else
  } else if (op.rfind("aten::__i", 0) == 0) {
    pure = "aten::__" + op.substr(9);  // __iand__ -> __and__
  } else if (op.size() > 2 && op.back() == '_' && op[op.size() - 2] != '_') {
    pure = op.substr(0, op.size() - 1);
  }
  return pure.rfind("aten::", 0) == 0 && facts_of(pure) != nullptr ? pure : "";
}

}  // namespace maas
