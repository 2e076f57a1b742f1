import Files

/// PyTorch's own files of weights. They are pickles, programs that make objects, so they are not
/// read; the user is told how to make a safetensors file of one.
enum Pickle {
  /// What the libraries call them: `transformers`, its index of several, nanoGPT.
  static let names = ["pytorch_model.bin", "pytorch_model.bin.index.json", "ckpt.pt"]

  /// Whether a file is one, to judge by its name.
  static func isPickle(_ path: String) -> Bool {
    [".bin", ".pt"].contains { path.hasSuffix($0) }
  }

  /// What to do with the file at `path`, on one line.
  static func conversion(of path: String) -> String {
    let folder = quoted(parentDirectory(of: path), else: "DIR")
    if path.hasSuffix(".pt") {
      let file = quoted(path, else: "ckpt.pt")
      return "if it is nanoGPT's: python3 scripts/convert_nanogpt.py \(file) OUT"
    }
    return "python3 -c \"from transformers import AutoModelForCausalLM as M, AutoTokenizer as T; "
      + "M.from_pretrained('\(folder)').save_pretrained('OUT'); "
      + "T.from_pretrained('\(folder)').save_pretrained('OUT')\""
  }

  /// The path if it can stand in a shell's and Python's quotes, or unquoted, else a placeholder.
  private static func quoted(_ path: String, else placeholder: String) -> String {
    let plain = path.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "/._-+=,@".utf8.contains(byte)
      }
    }
    return plain && !path.isEmpty && !path.hasPrefix("-") ? path : placeholder
  }
}
