"""timm's families: the smallest of each, shallower where its builder takes a depth, on small images."""
import torch

from net import Net

VIT = dict(embed_dim=32, depth=2, num_heads=2, img_size=32, patch_size=8)
# name, settings, size of the image
ROWS = [
    ("test_byobnet", {}, 64), ("test_coatnet", dict(img_size=64), 64), ("test_convnext", {}, 64), ("test_efficientnet", {}, 64), ("test_efficientnet_evos", {}, 64),
    ("test_mambaout", {}, 64), ("test_maxvit", dict(img_size=64), 64), ("test_nfnet", {}, 64), ("test_resnet", {}, 64), ("test_vit", dict(img_size=64), 64),
    ("test_vit_relpos", dict(img_size=64), 64), ("beit_base_patch16_224", VIT, 32), ("botnet26t_256", dict(img_size=128), 128), ("halonet26t", {}, 128),
    ("mobileone_s0", {}, 64), ("cait_xxs24_224", dict(embed_dim=32, depth=2, num_heads=2, img_size=32, patch_size=8), 32), ("coat_lite_mini", dict(img_size=64), 64),
    ("convit_tiny", dict(embed_dim=32, depth=3, num_heads=2, img_size=32, patch_size=8, local_up_to_layer=2), 32), ("convmixer_768_32", dict(dim=32, depth=2), 64),
    ("convnext_atto", {}, 64), ("convnextv2_atto", {}, 64), ("crossvit_9_240", dict(img_size=240), 240), ("cs3darknet_focus_s", {}, 64), ("cspnext_tiny", {}, 64),
    ("davit_tiny", dict(depths=(1, 1), embed_dims=(16, 32), num_heads=(2, 2), num_groups=(2, 2)), 64), ("deit_tiny_distilled_patch16_224", VIT, 32), ("densenet121", dict(growth_rate=8, block_config=(2, 2)), 64),
    ("dla46_c", {}, 64), ("dpn48b", {}, 64), ("edgenext_xx_small", {}, 64), ("efficientformer_l1", {}, 224), ("efficientformerv2_s0", {}, 224), ("efficientvit_b0", {}, 64),
    ("efficientvit_m0", {}, 224), ("eva02_tiny_patch14_224", dict(embed_dim=32, depth=2, num_heads=2, img_size=28, patch_size=7), 28), ("fasternet_t0", {}, 64), ("fastvit_t8", {}, 64),
    ("focalnet_tiny_srf", dict(depths=(1, 1), embed_dim=16), 64), ("gcvit_xxtiny", dict(img_size=64), 64), ("ghostnet_050", {}, 64), ("ghostnetv2_100", {}, 64), ("hardcorenas_a", {}, 64),
    ("hgnetv2_b0", {}, 64), ("hiera_tiny_224", dict(embed_dim=16, num_heads=1, stages=(1, 1, 1, 1), img_size=(64, 64)), 64), ("hrnet_w18_small", {}, 64), ("inception_next_atto", {}, 64),
    ("inception_v4", {}, 96), ("lcnet_035", {}, 64), ("levit_128s", {}, 224), ("levit_conv_128s", {}, 224), ("mambaout_femto", {}, 64), ("poolformer_s12", {}, 64), ("caformer_s18", dict(depths=(1, 1, 1, 1), dims=(8, 16, 32, 64)), 64),
    ("gmlp_ti16_224", dict(img_size=64, num_blocks=2), 64), ("mixer_s32_224", dict(img_size=64, num_blocks=2), 64), ("mnasnet_small", {}, 64), ("mobilenetv3_small_050", {}, 64), ("mobilenetv4_conv_small_035", {}, 64), ("mobilenetv4_hybrid_medium", {}, 64),
    ("mobilevit_xxs", {}, 64), ("mobilevitv2_050", {}, 64), ("mvitv2_tiny", dict(img_size=64, depths=(1, 1), embed_dim=16), 64), ("nest_tiny", dict(img_size=64, depths=(1, 1, 1), embed_dims=(16, 16, 16), num_heads=(1, 1, 1)), 64), ("nextvit_small", {}, 64),
    ("nf_regnet_b0", {}, 64), ("pit_ti_224", {}, 224), ("pvt_v2_b0", {}, 64), ("regnetx_002", {}, 64), ("regnety_002", {}, 64), ("regnetz_005", {}, 64), ("repghostnet_050", {}, 64), ("repvit_m0_9", {}, 64), ("repvgg_a0", {}, 64),
    ("res2net50_26w_4s", dict(layers=[1, 1, 1, 1]), 64), ("resnest14d", {}, 64), ("resnet10t", {}, 64), ("resnet18d", {}, 64), ("seresnet18", {}, 64), ("ecaresnet26t", {}, 64), ("resnetv2_18", {}, 64), ("rexnet_100", {}, 64), ("selecsls42", {}, 64),
    ("legacy_seresnet18", {}, 64), ("sequencer2d_s", dict(layers=(1, 1, 1, 1), embed_dims=(16, 16, 16, 16), hidden_sizes=(8, 8, 8, 8), img_size=64), 64), ("shvit_s1", {}, 64), ("skresnet18", {}, 64), ("semnasnet_050", {}, 64), ("spnasnet_100", {}, 64),
    ("starnet_s050", {}, 64), ("swiftformer_xs", {}, 64), ("swin_tiny_patch4_window7_224", dict(img_size=56, depths=(1, 1), embed_dim=16, num_heads=(2, 2)), 56), ("swinv2_tiny_window8_256", dict(img_size=64, depths=(1, 1), embed_dim=16, num_heads=(2, 2), window_size=8), 64),
    ("swinv2_cr_tiny_224", dict(img_size=64, depths=(1, 1), embed_dim=16, num_heads=(2, 2), window_size=8), 64), ("tiny_vit_5m_224", {}, 224), ("tinynet_e", {}, 64), ("tf_efficientnet_lite0", {}, 64), ("tnt_s_patch16_224", dict(img_size=64, embed_dim=32, inner_dim=8, depth=2, num_heads_inner=2, num_heads_outer=2), 64),
    ("twins_svt_small", dict(img_size=64, depths=(1, 1, 1, 1), embed_dims=(16, 16, 16, 16), num_heads=(1, 1, 1, 1)), 64), ("visformer_tiny", dict(img_size=64), 64), ("vit_tiny_patch16_224", VIT, 32), ("vit_srelpos_small_patch16_224", VIT, 32),
    ("volo_d1_224", dict(img_size=64, layers=(1, 1, 1, 1), embed_dims=(16, 32, 32, 32), num_heads=(1, 2, 2, 2)), 64), ("ese_vovnet19b_slim", {}, 64), ("xception41", {}, 96), ("xcit_nano_12_p8_224", dict(img_size=32, depth=2), 32),
]


def _make(name, settings, size):
    import timm
    return timm.create_model(name, pretrained=False, num_classes=10, **settings), (torch.rand(2, 3, size, size),)


def networks():
    return [Net("timm", name, lambda row=(name, settings, size): _make(*row)) for name, settings, size in ROWS]
