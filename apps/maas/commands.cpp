#include <algorithm>

#include "command.h"

namespace maas {
namespace {

const std::vector<CommandRow> kCommands = {
    {"train", "learn from data as a config says",
     "  maas train configs/mnist_mlp.yaml\n"
     "  maas train configs/mnist_mlp.yaml train.epochs=3 model.hidden=[256,128]\n"
     "  maas train --resume runs/mnist_mlp\n"
     "  maas train configs/mnist_mlp.yaml --dry-run\n"
     "  maas train configs/mnist_mlp.yaml --find-lr      # which learning rate it bears\n"
     "  maas train configs/mnist_mlp.yaml --json | jq -r .model\n",
     make_train},
    {"eval", "measure a model on held-out data",
     "  maas eval runs/mnist_mlp\n"
     "  maas eval runs/penguins new.csv --by island       # rows that it has not seen\n"
     "  maas eval model.pt eval.metrics=[accuracy,ece] 'eval.require={accuracy: \">= 0.98\"}'\n"
     "  maas eval model-int8.pt --against model.pt\n"
     "  maas eval net.pt2 configs/mnist_mlp.yaml   # a network that Python exported\n",
     make_eval},
    {"predict", "answer for images, CSV rows, JSON",
     "  maas predict runs/mnist_mlp digit.png                # a run folder, or a model file\n"
     "  maas predict model.pt photos/ --format table\n"
     "  maas predict model.pt rows.csv -o answers.csv --keep id\n"
     "  zcat rows.csv.gz | maas predict model.pt - --format csv > answers.csv\n"
     "  echo '{\"age\": 37, \"city\": \"Bern\"}' | maas predict model.pt -\n"
     "  echo '[[0.1, 0.2], [0.3, 0.4]]' | maas predict net.pt2 -      # exported from Python\n"
     "  echo '{\"inputs\": [{\"name\": \"x\", \"shape\": [1, 2], \"datatype\": \"FP32\",\n"
     "    \"data\": [0.1, 0.2]}]}' | maas predict net.pt2 -\n",
     make_predict},
    {"inspect", "show what is in a model",
     "  maas inspect model.pt\n"
     "  maas inspect net.pt2 --graph\n"
     "  maas inspect model.pt --json | jq .parameters\n"
     "  maas inspect net.pt2 --operators\n",
     make_inspect},
    {"tune", "search settings: random trials, the better ones longer",
     "  maas tune penguins.yaml tune.trials=30        # with a section tune in it:\n"
     "    tune: {settings: {train.learning_rate: 1e-4 .. 1e-1, model.dropout: 0 .. 0.5}}\n"
     "  maas tune penguins.yaml --dry-run\n"
     "  maas tune penguins.yaml --resume\n",
     make_tune},
    {"runs", "list runs: metric, settings, time, size",
     "  maas runs                                         # those below runs/\n"
     "  maas runs experiments/ --sort accuracy\n"
     "  maas runs --json | jq -r '.runs[] | [.folder, .metrics.accuracy] | @tsv'\n",
     make_runs},
    {"runs-compare", "runs side by side: settings, metrics, curves",
     "  maas runs compare runs/mnist_mlp runs/mnist_mlp-2\n"
     "  maas runs compare runs/a runs/b runs/c -o compare.html\n",
     make_runs_compare},
    {"bench", "time a model",
     "  maas bench runs/mnist_mlp/model.pt\n"
     "  maas bench net.pt2 --batch 1,8,64 --threads 1,2\n"
     "  maas bench net.pt2 --batch 1 --profile\n"
     "  maas bench model.pt --without-pass dead-code -v\n",
     make_bench},
    {"bench-serve", "load a server and time its answers",
     "  maas bench serve http://127.0.0.1:8000                     # 1, 8 and 64 connections\n"
     "  maas bench serve model.pt --protocol binary --rows 16      # starts the server\n"
     "  maas bench serve http://127.0.0.1:8000 --rate 500,1000     # open loop, Poisson arrivals\n"
     "  maas bench serve model.pt --curve -o curve.html            # up to 200 % of the peak\n"
     "  maas bench serve http://127.0.0.1:8000 http://127.0.0.1:9000 --json\n",
     make_bench_serve},
    {"serve", "answer requests over HTTP (Open Inference Protocol v2)",
     "  maas serve runs/mnist_mlp/model.pt --port 8000\n"
     "  maas serve net.pt2 --name net --port 0\n"
     "  maas serve models/ serve.poll=2s              # models/NAME/VERSION/model.pt\n"
     "  curl http://127.0.0.1:8000/v2/models/mnist_mlp\n",
     make_serve},
    {"distill", "teach a small network what a large one knows",
     "  maas distill runs/mnist_cnn/model.pt model.type=mlp model.hidden=[64]\n"
     "  maas distill runs/mnist_cnn/model.pt model.type=lenet5 train.epochs=3 -o student.pt\n"
     "  maas distill student.yaml distill.temperature=8 distill.soft_weight=0.7\n"
     "  maas distill --resume runs/mnist_cnn-student\n",
     make_distill},
    {"prune", "make a network smaller: whole channels and hidden units go",
     "  maas prune runs/mnist_cnn/model.pt                # half of the multiply-adds\n"
     "  maas prune model.pt prune.target.macs=0.3 gate.max_drop=0.01 -o small.pt\n"
     "  maas prune net.pt2 prune.ratio=0.5 prune.scope=local   # a network from Python\n"
     "  maas prune model.pt prune.ignore=[stem] --dry-run\n"
     "  maas prune --resume runs/mnist_cnn/model-pruned.run\n",
     make_prune},
    {"quantize", "make a network of 8-bit integers",
     "  maas quantize runs/mnist_cnn/model.pt\n"
     "  maas quantize model.pt -o small.pt gate.max_drop=0.002 quantize.ignore=[conv1]\n"
     "  maas quantize model.pt my.yaml --dry-run\n"
     "  maas quantize net.pt2 quantize.calibration=random   # exported from Python, no data\n"
     "  maas quantize model.pt --json | jq .metric\n",
     make_quantize},
    {"export", "write a model in another format",
     "  maas export runs/mnist_mlp/model.pt -o mnist.onnx\n"
     "  maas export net.pt2 --format torchscript      # net.torchscript, for torch.jit.load\n"
     "  maas export net.pt2 --format safetensors      # net.safetensors: the weights by name\n"
     "  maas export model.pt -o net.pt2 --force --json | jq .verified\n",
     make_export},
    {"import", "make a model of somebody's file",
     "  maas import net.onnx -o model.pt\n"
     "  maas import net.onnx --dry-run                # does it run here?\n",
     make_import},
    {"key", "make an API key for a server",
     "  maas key alice --file keys.yaml               # prints the key, keeps its digest\n"
     "  maas key prometheus --file keys.yaml --scopes metrics\n"
     "  maas key batch --file keys.yaml --scopes infer --rate 100\n"
     "  maas serve model.pt serve.keys=keys.yaml\n",
     make_key},
    {"init", "write a config for your data",
     "  maas init table.csv\n"
     "  maas init photos/ -o photos.yaml\n"
     "  maas init photos/ data.height=128 data.width=128   # not the size that suits them\n"
     "  maas init photos/ --from net.pt2\n"
     "  maas init data/mnist -o - | head\n",
     make_init},
    {"config", "check, show and explain configs",
     "  maas config check configs/mnist_mlp.yaml\n"
     "  maas config show configs/mnist_mlp.yaml train.epochs=3\n"
     "  maas config explain train.optimizer\n"
     "  maas config schema > maas.schema.json\n",
     make_config},
    {"doctor", "check this machine", "  maas doctor\n  maas doctor --json | jq .healthy\n",
     make_doctor},
    {"completion", "print completion for bash, zsh or fish",
     "  maas completion bash > ~/.local/share/bash-completion/completions/maas\n"
     "  source <(maas completion bash)\n",
     make_completion},
    {"version", "print versions", "  maas version\n  maas version --json\n", make_version},
};

}  // namespace

const std::vector<CommandRow>& commands() { return kCommands; }

std::string spoken_name(const CommandRow& row) {
  std::string name = row.name;
  std::replace(name.begin(), name.end(), '-', ' ');
  return name;
}

}  // namespace maas
