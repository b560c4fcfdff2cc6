"""torchvision's networks, narrow or shallow where their builders allow, on small images."""
import torch
from torch import nn

from net import Net


def _images(size, count=2):
    return (torch.rand(count, 3, size, size),)


def _small_classifier(net, width):
    """The wide layers of AlexNet and VGG are 90 % of their bytes and no other operators."""
    net.classifier = nn.Sequential(nn.Linear(width, 32), nn.ReLU(True), nn.Dropout(), nn.Linear(32, 10))
    return net


def _classifiers():
    from torchvision import models as m
    yield "alexnet", lambda: (_small_classifier(m.alexnet(), 256 * 36), _images(64))
    yield "vgg11_bn", lambda: (_small_classifier(m.vgg11_bn(), 512 * 49), _images(32))
    for name, size in (("squeezenet1_1", 64), ("densenet121", 32), ("googlenet", 64), ("inception_v3", 80), ("mnasnet0_5", 64), ("mobilenet_v2", 64),
                       ("mobilenet_v3_small", 64), ("mobilenet_v3_large", 64), ("shufflenet_v2_x0_5", 64), ("efficientnet_b0", 64),
                       ("efficientnet_v2_s", 32), ("regnet_x_400mf", 64), ("regnet_y_400mf", 64)):
        extra = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        yield name, lambda name=name, size=size, extra=extra: (m.get_model(name, num_classes=10, **extra), _images(size))
    yield "resnet18", lambda: (m.resnet18(num_classes=10), _images(32))
    yield "resnet50", lambda: (m.ResNet(m.resnet.Bottleneck, [1, 2, 1, 1], num_classes=10, width_per_group=16), _images(32))
    yield "resnext", lambda: (m.ResNet(m.resnet.Bottleneck, [1, 1, 1, 1], num_classes=10, groups=4, width_per_group=4), _images(32))
    yield "convnext", lambda: (m.ConvNeXt([m.convnext.CNBlockConfig(16, 32, 2), m.convnext.CNBlockConfig(32, None, 1)], num_classes=10), _images(32))
    yield "vit", lambda: (m.VisionTransformer(32, 8, 2, 2, 32, 64, num_classes=10), _images(32))
    yield "swin", lambda: (m.SwinTransformer([4, 4], 16, [2, 2], [2, 2], [4, 4], num_classes=10), _images(32))
    yield "swin_v2", lambda: (m.SwinTransformer([4, 4], 16, [2, 2], [2, 2], [4, 4], num_classes=10, block=m.swin_transformer.SwinTransformerBlockV2,
                                                downsample_layer=m.swin_transformer.PatchMergingV2), _images(32))
    yield "maxvit", lambda: (m.MaxVit((32, 32), 8, 4, [8, 16], [1, 1], 4, 0.0, num_classes=10), _images(32))


def _others():
    from torchvision import models as m
    yield "segmentation", "deeplabv3_mobilenet", lambda: (m.segmentation.deeplabv3_mobilenet_v3_large(weights_backbone=None, num_classes=3), _images(64))
    yield "segmentation", "fcn_resnet", lambda: (m.segmentation.FCN(_backbone(), m.segmentation.fcn.FCNHead(128, 3)), _images(64))
    yield "segmentation", "lraspp", lambda: (m.segmentation.lraspp_mobilenet_v3_large(weights_backbone=None, num_classes=3), _images(64))
    clip = (torch.rand(1, 3, 4, 32, 32),)
    yield "video", "r3d", lambda: (_video(m, [m.video.resnet.Conv3DSimple] * 4), clip)
    yield "video", "mc3", lambda: (_video(m, [m.video.resnet.Conv3DSimple] + [m.video.resnet.Conv3DNoTemporal] * 3), clip)
    yield "video", "r2plus1d", lambda: (_video(m, [m.video.resnet.Conv2Plus1D] * 4), clip)
    yield "video", "s3d", lambda: (m.video.s3d(num_classes=10), (torch.rand(1, 3, 16, 64, 64),))
    yield "video", "swin3d", lambda: (m.video.SwinTransformer3d([2, 4, 4], 12, [2], [2], [2, 4, 4], num_classes=10), clip)
    yield "video", "mvit", lambda: (_mvit(m), (torch.rand(1, 3, 8, 32, 32),))
    yield "flow", "raft_small", lambda: (_Raft(m.optical_flow.raft_small()), (torch.rand(1, 3, 128, 128), torch.rand(1, 3, 128, 128)))
    for name in ("ssdlite320_mobilenet_v3_large", "retinanet", "fcos", "fasterrcnn", "maskrcnn", "keypointrcnn"):
        yield "detection", name, lambda name=name: (_detector(name), ([torch.rand(3, 64, 64)],))


def _backbone():
    from torchvision.models import ResNet
    from torchvision.models._utils import IntermediateLayerGetter
    from torchvision.models.resnet import Bottleneck
    net = ResNet(Bottleneck, [1, 1, 1, 1], width_per_group=8, replace_stride_with_dilation=[False, True, True])
    for layer in (net.layer1, net.layer2, net.layer3, net.layer4):
        del layer
    net.layer4.add_module("narrow", nn.Conv2d(2048, 128, 1))
    return IntermediateLayerGetter(net, {"layer4": "out"})


def _video(m, conv_makers):
    return m.video.VideoResNet(m.video.resnet.BasicBlock, conv_makers, [1, 1, 1, 1], m.video.resnet.BasicStem, num_classes=10)


def _mvit(m):
    from torchvision.models.video.mvit import MSBlockConfig, MViT
    blocks = [MSBlockConfig(1, 16, 32, [3, 3, 3], [1, 2, 2], [1, 1, 1], [1, 2, 2]), MSBlockConfig(2, 32, 32, [3, 3, 3], [1, 1, 1], [1, 1, 1], [1, 1, 1])]
    return MViT((32, 32), 8, blocks, residual_pool=False, residual_with_cls_embed=False, rel_pos=False, proj_after_attn=False, num_classes=10)


class _Raft(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, one, other):
        return self.net(one, other, num_flow_updates=2)[-1]


def _detector(name):
    from torchvision import models as m
    from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
    d = m.detection
    sizes = {"min_size": 64, "max_size": 64, "num_classes": 4}
    if name.startswith("ssdlite"):
        return d.ssdlite320_mobilenet_v3_large(weights_backbone=None, num_classes=4)
    backbone = resnet_fpn_backbone(backbone_name="resnet18", weights=None)
    kind = {"retinanet": d.RetinaNet, "fcos": d.FCOS, "fasterrcnn": d.FasterRCNN, "maskrcnn": d.MaskRCNN, "keypointrcnn": d.KeypointRCNN}[name]
    return kind(backbone, **sizes)


def networks():
    nets = [Net("torchvision classification", name, make) for name, make in _classifiers()]
    return nets + [Net("torchvision " + family, name, make) for family, name, make in _others()]
