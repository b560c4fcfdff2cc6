"""Networks of the transformers package, small and random: made from their config classes."""
import torch
from torch import nn

from net import Net

WIDTH = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
TEXT = dict(**WIDTH, vocab_size=100, max_position_embeddings=32)
DECODER = dict(**TEXT, num_key_value_heads=1, use_cache=False, pad_token_id=0, bos_token_id=1, eos_token_id=2)
VISION = dict(**WIDTH, image_size=32, patch_size=8, num_channels=3)

# config class, settings; the model class is the config's with "Model" for "Config" where none is named.
ENCODERS = [
    ("Albert", dict(TEXT, embedding_size=16)), ("Bert", TEXT), ("BertGeneration", TEXT, "BertGenerationEncoder"), ("BigBird", dict(TEXT, attention_type="original_full")),
    ("Camembert", TEXT), ("ConvBert", dict(TEXT, embedding_size=16)), ("Data2VecText", TEXT), ("Deberta", TEXT), ("DebertaV2", TEXT),
    ("DistilBert", dict(vocab_size=100, dim=32, n_layers=2, n_heads=2, hidden_dim=64, max_position_embeddings=32)),
    ("Electra", dict(TEXT, embedding_size=16)), ("Ernie", TEXT), ("Esm", dict(TEXT, pad_token_id=1)), ("FNet", TEXT),
    ("Funnel", dict(vocab_size=100, block_sizes=[1, 1], d_model=32, n_head=2, d_head=16, d_inner=64)), ("IBert", TEXT), ("LayoutLM", TEXT),
    ("Longformer", dict(TEXT, attention_window=[4, 4])), ("MegatronBert", TEXT), ("MobileBert", dict(TEXT, embedding_size=16, intra_bottleneck_size=16)),
    ("ModernBert", dict(TEXT, pad_token_id=0, global_attn_every_n_layers=2)), ("MPNet", TEXT), ("Nystromformer", TEXT), ("RemBert", dict(TEXT, input_embedding_size=16)),
    ("Roberta", TEXT), ("RoFormer", dict(TEXT, embedding_size=32)), ("SqueezeBert", dict(TEXT, embedding_size=32)), ("XLMRoberta", TEXT),
    ("XLNet", dict(vocab_size=100, d_model=32, n_layer=2, n_head=2, d_inner=64, use_mems_eval=False)), ("XLM", dict(vocab_size=100, emb_dim=32, n_layers=2, n_heads=2)),
    ("T5", dict(vocab_size=100, d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2), "T5EncoderModel"),
]
DECODERS = [
    ("Llama", DECODER), ("Mistral", DECODER), ("Qwen2", DECODER), ("Qwen3", dict(DECODER, head_dim=16)), ("Gemma", dict(DECODER, head_dim=16)),
    ("Gemma2", dict(DECODER, head_dim=16)), ("Phi", DECODER), ("Phi3", DECODER), ("Olmo", DECODER), ("Granite", DECODER), ("Cohere", DECODER),
    ("StableLm", DECODER), ("Starcoder2", DECODER), ("Mixtral", dict(DECODER, num_local_experts=2, num_experts_per_tok=1)),
    ("Qwen2Moe", dict(DECODER, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=32, shared_expert_intermediate_size=32)),
    ("Falcon", dict(DECODER, new_decoder_architecture=False)), ("GPTNeoX", dict(TEXT, use_cache=False)), ("Persimmon", DECODER),
    ("GPT2", dict(vocab_size=100, n_embd=32, n_layer=2, n_head=2, n_positions=32, use_cache=False)),
    ("GPTNeo", dict(vocab_size=100, hidden_size=32, num_layers=2, num_heads=2, attention_types=[[["global", "local"], 1]], max_position_embeddings=32, use_cache=False)),
    ("GPTJ", dict(vocab_size=100, n_embd=32, n_layer=2, n_head=2, n_positions=32, rotary_dim=8, use_cache=False)),
    ("OPT", dict(vocab_size=100, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, ffn_dim=64, max_position_embeddings=32, word_embed_proj_dim=32, use_cache=False)),
    ("Bloom", dict(vocab_size=100, hidden_size=32, n_layer=2, n_head=2, use_cache=False)),
    ("Mpt", dict(vocab_size=100, d_model=32, n_layers=2, n_heads=2, max_seq_len=32, use_cache=False)),
    ("Mamba", dict(vocab_size=100, hidden_size=32, state_size=4, num_hidden_layers=2, use_cache=False)),
    ("Mamba2", dict(vocab_size=100, hidden_size=32, state_size=8, num_hidden_layers=2, head_dim=16, num_heads=4, n_groups=1, chunk_size=4, use_cache=False)),
]
IMAGES = [
    ("ViT", VISION), ("Deit", VISION, "DeiTModel", "DeiTConfig"), ("Dinov2", VISION), ("ViTMSN", VISION), ("CLIPVision", VISION), ("Yolos", dict(VISION, image_size=[32, 32], num_detection_tokens=4)),
    ("Convnext", dict(depths=[1, 1], hidden_sizes=[8, 16], num_stages=2), "ConvNextModel", "ConvNextConfig"),
    ("ConvNextV2", dict(depths=[1, 1], hidden_sizes=[8, 16], num_stages=2)),
    ("Swin", dict(image_size=32, patch_size=4, embed_dim=16, depths=[1, 1], num_heads=[2, 2], window_size=4)),
    ("Swinv2", dict(image_size=32, patch_size=4, embed_dim=16, depths=[1, 1], num_heads=[2, 2], window_size=4)),
    ("Segformer", dict(depths=[1, 1], hidden_sizes=[8, 16], num_encoder_blocks=2, sr_ratios=[2, 1], patch_sizes=[7, 3], strides=[4, 2], num_attention_heads=[1, 2], mlp_ratios=[2, 2])),
    ("MobileNetV1", dict(depth_multiplier=0.25)), ("MobileNetV2", dict(depth_multiplier=0.25)), ("MobileViT", dict(image_size=32)),
    ("PoolFormer", dict(depths=[1, 1], hidden_sizes=[8, 16], num_encoder_blocks=2, patch_sizes=[7, 3], strides=[4, 2], padding=[2, 1])),
    ("ResNet", dict(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1])), ("RegNet", dict(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], groups_width=4)),
    ("Levit", dict(image_size=32, hidden_sizes=[16, 16, 16], num_attention_heads=[2, 2, 2], depths=[1, 1, 1], key_dim=[8, 8, 8])),
    ("Hiera", dict(image_size=[64, 64], embed_dim=16, num_heads=[1, 2], depths=[1, 1], masked_unit_size=[4, 4], query_stride=[2, 2], num_query_pool=1)),
]
SOUNDS = [
    ("Wav2Vec2", dict(WIDTH, conv_dim=[8, 8], conv_kernel=[10, 3], conv_stride=[5, 2], num_feat_extract_layers=2, num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2)),
    ("Hubert", dict(WIDTH, conv_dim=[8, 8], conv_kernel=[10, 3], conv_stride=[5, 2], num_feat_extract_layers=2, num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2)),
    ("WavLM", dict(WIDTH, conv_dim=[8, 8], conv_kernel=[10, 3], conv_stride=[5, 2], num_feat_extract_layers=2, num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2)),
]
PAIRS = [
    ("Bart", dict(vocab_size=100, d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=64, decoder_ffn_dim=64, use_cache=False)),
    ("Marian", dict(vocab_size=100, d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=64, decoder_ffn_dim=64, use_cache=False, pad_token_id=0)),
    ("T5", dict(vocab_size=100, d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2, use_cache=False)),
]


class _First(nn.Module):
    """The tensors of the answer, without a cache and what is None."""

    def __init__(self, net, names):
        super().__init__()
        self.net, self.names = net, names

    def forward(self, *inputs):
        answer = self.net(**dict(zip(self.names, inputs)), return_dict=True)
        return answer[0]


def _make(kind, settings, names, inputs, model=None, config=None):
    import transformers as hf
    hf.logging.set_verbosity_error()
    net = getattr(hf, model or kind + "Model")(getattr(hf, config or kind + "Config")(**settings))
    return _First(net, names), inputs()


def _tokens(length=8):
    return lambda: (torch.randint(3, 100, (2, length)),)


def _family(family, rows, names, inputs):
    return [Net("transformers " + family, row[0], lambda row=row: _make(row[0], row[1], names, inputs, *row[2:])) for row in rows]


def networks():
    return [
        *_family("encoders", ENCODERS, ["input_ids"], _tokens()),
        *_family("decoders", DECODERS, ["input_ids"], _tokens()),
        *_family("vision", IMAGES, ["pixel_values"], lambda: (torch.rand(2, 3, 32, 32),)),
        *_family("sound", SOUNDS, ["input_values"], lambda: (torch.randn(2, 400),)),
        *_family("pairs", PAIRS, ["input_ids", "decoder_input_ids"], lambda: (_tokens()()[0], _tokens(5)()[0])),
    ]
