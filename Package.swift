// swift-tools-version: 6.2
import Foundation
import PackageDescription

// SOPHIA_MARCH is the one knob: the instruction set of every target (native, x86-64-v3, x86-64-v4).
let march = Context.environment["SOPHIA_MARCH"] ?? "native"

// omp.h and libomp are not in Swift's toolchain; Debian's libomp-dev keeps them under LLVM's folders.
let llvm =
  ((try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib")) ?? [])
  .filter { $0.hasPrefix("llvm-") }.sorted { $0.count == $1.count ? $0 < $1 : $0.count < $1.count }
  .filter { FileManager.default.fileExists(atPath: "/usr/lib/\($0)/lib/libomp.so") }
  .last.map { "/usr/lib/\($0)/lib" } ?? "/usr/lib"
let ompInclude = ((try? FileManager.default.contentsOfDirectory(atPath: llvm + "/clang")) ?? [])
  .map { "\(llvm)/clang/\($0)/include" }
  .last { FileManager.default.fileExists(atPath: $0 + "/omp.h") }

let c: [CSetting] = [
  // -ffp-contract=off: an FMA is one only where it is written, so that the bits are the same.
  .unsafeFlags(["-march=\(march)", "-O3", "-fopenmp", "-ffp-contract=off", "-fno-math-errno"]),
  .unsafeFlags(["-Wall", "-Wextra", "-Werror"]),
  .unsafeFlags(ompInclude.map { ["-idirafter", $0] } ?? []),
]
let plain: [SwiftSetting] = [
  // Code generation and the C headers' macros both follow this one flag.
  .unsafeFlags(["-Xcc", "-march=\(march)", "-Xcc", "-ffp-contract=off"]),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]
// SOPHIA_FUZZ builds the parsers for libFuzzer under AddressSanitizer (make fuzz).
let isFuzzed = Context.environment["SOPHIA_FUZZ"] != nil
let sanitizers = isFuzzed ? ["-sanitize=fuzzer,address"] : []
let swift = plain + [.unsafeFlags(sanitizers)]
// Keeps the accumulators of the register tiles in registers (24 of them are not unrolled without).
let kernels: [SwiftSetting] =
  plain + [.unsafeFlags(["-Xllvm", "-unroll-threshold=2000"], .when(configuration: .release))]

// libFuzzer's loop around them; only in builds for it, as nothing else has its runtime. (gold fails.)
let fuzz = Target.executableTarget(
  name: "fuzz", dependencies: ["FuzzedParsers", "Files"], path: "Tests/Fuzzing/Driver",
  swiftSettings: swift, linkerSettings: [.unsafeFlags(sanitizers + ["-use-ld=lld"])])

let package = Package(
  name: "sophia-rt",
  products: [.executable(name: "sophia-rt", targets: ["sophia-rt"])],
  dependencies: [
    // Exact, as Package.resolved is not in the repository: everybody builds the same.
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")
  ],
  targets: [
    // What Swift cannot say: OpenMP team, hwloc, inline vector instructions.
    .systemLibrary(
      name: "CHwloc", path: "CSupport/hwloc", pkgConfig: "hwloc",
      providers: [.apt(["libhwloc-dev"])]),
    .systemLibrary(
      name: "CZstd", path: "CSupport/zstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]
    ),
    .systemLibrary(
      name: "CZlib", path: "CSupport/zlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
      name: "CSupport", dependencies: ["CHwloc"], path: "CSupport",
      exclude: ["hwloc", "zlib", "zstd"],
      cSettings: c,
      linkerSettings: [.unsafeFlags(["-L\(llvm)", "-lomp"])]),
    // Threads, topology, placed memory, counter-based random numbers.
    .target(name: "Machine", dependencies: ["CSupport"], swiftSettings: swift),
    // Bytes from and to disk.
    .target(name: "Files", dependencies: [], swiftSettings: swift),
    // Numeric functions, forward and backward in one file.
    .target(name: "Kernels", dependencies: ["Machine", "CSupport"], swiftSettings: kernels),
    // Bytes to tokens and back; trains a vocabulary.
    .target(name: "Tokenization", dependencies: ["Files", "Machine"], swiftSettings: swift),
    // Documents to token shards to batches.
    .target(
      name: "Dataset", dependencies: ["Files", "Machine", "Tokenization", "CZlib", "CZstd"],
      swiftSettings: swift),
    // The built-in corpus: short stories of a grammar, and how well a text keeps to it.
    .target(name: "Stories", dependencies: ["Files", "Machine"], swiftSettings: swift),
    // Question sets and how they are scored.
    .target(
      name: "Tasks", dependencies: ["Dataset", "Files", "Tokenization"], swiftSettings: swift),
    // Named tensors on disk; knows no model.
    .target(name: "Checkpoints", dependencies: ["Files"], swiftSettings: swift),
    // GPT-2: config, parameter table, forward, backward, decode; its Hugging Face files.
    .target(
      name: "Transformer", dependencies: ["Kernels", "Checkpoints", "Files", "Machine"],
      swiftSettings: swift),
    // Sophia, AdamW, Lion, Muon: flat arenas in, flat arenas out.
    .target(
      name: "Optimizers", dependencies: ["Kernels", "Machine", "CSupport"], swiftSettings: kernels),
    // Presets: one JSON a model size, embedded.
    .target(
      name: "Presets", path: "models", exclude: ["README.md"],
      resources: [
        .embedInCode("nano.json"), .embedInCode("tiny.json"), .embedInCode("30m.json"),
        .embedInCode("540m.json"), .embedInCode("gpt2.json"), .embedInCode("gpt2-medium.json"),
        .embedInCode("gpt2-large.json"), .embedInCode("gpt2-xl.json"),
      ], swiftSettings: swift),
    // Settings, optimizers and presets, each declared once: what a run is to be.
    .target(
      name: "Recipes", dependencies: ["Optimizers", "Transformer", "Files", "Machine"],
      swiftSettings: swift),
    // The loop, evaluation, logs.
    .target(
      name: "Training",
      dependencies: [
        "Recipes", "Transformer", "Optimizers", "Dataset", "Checkpoints", "Files", "Machine",
        "Tokenization",
        "Presets", "Stories",
      ],
      swiftSettings: swift),
    // Line and row charts as SVG; knows nothing of what they show.
    .target(name: "Charts", swiftSettings: swift),
    // Studies: the same training under several optimizers and settings, and the report.
    .target(
      name: "Comparison",
      dependencies: [
        "Training", "Recipes", "Charts", "Transformer", "Dataset", "Tokenization", "Checkpoints",
        "Files",
        "Machine",
      ],
      swiftSettings: swift),
    // Tokens to tokens: engine, sampler.
    .target(
      name: "Inference",
      dependencies: ["Transformer", "Machine", "Kernels"],
      swiftSettings: swift),
    // Prompts to text: stop strings, whole characters, log-probabilities, loaded models.
    .target(
      name: "Generation",
      dependencies: [
        "Inference", "Tokenization", "Checkpoints", "Transformer", "Dataset", "Files", "Kernels",
        "Machine",
      ], swiftSettings: swift),
    // Microbenchmarks, run by the bench subcommand.
    .target(
      name: "Benchmarks",
      dependencies: ["Machine", "Kernels", "Transformer", "Optimizers"],
      path: "Benchmarks", exclude: ["LOG.md", "Peers", "study"], swiftSettings: swift),
    // The command line: one file a subcommand.
    .executableTarget(
      name: "sophia-rt",
      dependencies: [
        "Recipes", "Training", "Comparison", "Generation", "Inference", "Benchmarks",
        "Tokenization", "Dataset", "Stories", "Tasks",
        "Checkpoints", "Machine", "Files", "Transformer", "Kernels", "Presets", "CSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: swift),

    // Scalar kernels in Double, written for reading: what the tests compare with.
    .target(name: "ReferenceKernels", path: "Tests/ReferenceKernels", swiftSettings: swift),
    .target(
      name: "TemporaryDirectories", dependencies: ["Files"], path: "Tests/TemporaryDirectories",
      swiftSettings: swift),
    // A file system whose calls fail when a test wants it.
    .target(
      name: "FileFaults", dependencies: ["Files"], path: "Tests/FileFaults", swiftSettings: swift),
    .target(
      name: "TestTokenizers", dependencies: ["Files", "Tokenization"],
      path: "Tests/TestTokenizers", swiftSettings: swift),
    .testTarget(name: "MachineTests", dependencies: ["Machine", "CSupport"], swiftSettings: swift),
    .testTarget(
      name: "FilesTests", dependencies: ["Files", "FileFaults", "TemporaryDirectories"],
      swiftSettings: swift),
    .testTarget(
      name: "KernelsTests", dependencies: ["Kernels", "Machine", "ReferenceKernels"],
      swiftSettings: swift),
    .testTarget(
      name: "TokenizationTests", dependencies: ["Tokenization", "Machine", "Files"],
      resources: [.copy("Fixtures")], swiftSettings: swift),
    .testTarget(
      name: "DatasetTests",
      dependencies: [
        "Dataset", "Machine", "Files", "Tokenization", "CZlib", "CZstd", "FileFaults",
        "TemporaryDirectories", "TestTokenizers",
      ],
      swiftSettings: swift),
    .testTarget(
      name: "StoriesTests", dependencies: ["Stories", "Machine"], swiftSettings: swift),
    .testTarget(
      name: "TasksTests",
      dependencies: ["Tasks", "Dataset", "Files", "Tokenization", "TestTokenizers"],
      swiftSettings: swift),
    .testTarget(
      name: "TransformerTests",
      dependencies: [
        "Transformer", "Kernels", "Machine", "Checkpoints", "Files", "ReferenceKernels",
      ],
      resources: [.copy("Fixtures")], swiftSettings: swift),
    .testTarget(
      name: "OptimizersTests", dependencies: ["Optimizers", "Machine"],
      resources: [.copy("Fixtures")], swiftSettings: swift),
    .testTarget(
      name: "CheckpointsTests",
      dependencies: [
        "Checkpoints", "Files", "FileFaults", "ReferenceKernels", "TemporaryDirectories",
      ],
      exclude: ["Fixtures"],
      swiftSettings: swift),
    .testTarget(
      name: "RecipesTests",
      dependencies: ["Recipes", "Optimizers", "Transformer", "Files", "Machine", "Presets"],
      resources: [.copy("Fixtures")], swiftSettings: swift),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Recipes", "Training", "Transformer", "Optimizers", "Dataset", "Checkpoints", "Files",
        "Machine",
        "Tokenization", "Presets", "Stories", "FileFaults", "ReferenceKernels",
        "TemporaryDirectories",
      ],
      swiftSettings: swift),
    .testTarget(name: "ChartsTests", dependencies: ["Charts"], swiftSettings: swift),
    .testTarget(
      name: "ComparisonTests",
      dependencies: [
        "Recipes", "Comparison", "Training", "Dataset", "Checkpoints", "Files", "Machine",
        "Tokenization",
        "Stories", "TemporaryDirectories",
      ],
      swiftSettings: swift),
    .testTarget(
      name: "InferenceTests", dependencies: ["Inference", "Transformer", "Kernels", "Machine"],
      swiftSettings: swift),
    .testTarget(
      name: "GenerationTests",
      dependencies: [
        "Generation", "Inference", "Tokenization", "Checkpoints", "Transformer", "Dataset", "Files",
        "Kernels", "Machine", "TemporaryDirectories", "TestTokenizers",
      ], swiftSettings: swift),
    .testTarget(
      name: "PipelineTests",
      dependencies: [
        "Recipes", "Training", "Dataset", "Tasks", "Checkpoints", "Files", "Machine", "Transformer",
        "ReferenceKernels", "TemporaryDirectories",
      ],
      exclude: ["Fixtures"],
      swiftSettings: swift),
    // Every reader of foreign bytes as a fuzzer calls it, and what the fuzzer found.
    .target(
      name: "FuzzedParsers",
      dependencies: [
        "Recipes", "Training", "Dataset", "Tasks", "Generation", "Tokenization", "Checkpoints",
        "Files",
        "Transformer",
      ], path: "Tests/Fuzzing/Parsers", swiftSettings: swift),
    .testTarget(
      name: "FuzzingTests", dependencies: ["FuzzedParsers", "Files"],
      path: "Tests/Fuzzing/Replay", swiftSettings: swift),
  ] + (isFuzzed ? [fuzz] : [])
)
