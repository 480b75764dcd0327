// SPDX-License-Identifier: EUPL-1.2

import Foundation
import Testing

/// Every command in README and handbook is run, by a shell, with the built program. `root`'s commands
/// (systemctl, runuser, apt, install) are stood in for by `Fixtures/handbook`, which do what they would
/// do with the units and packages of `deploy/`.
@Suite(.serialized) struct DocumentTests {
  private static let top = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../..").standardizedFileURL

  /// Documents with commands to run.
  static let documents = ["README.md"] + pages.map { "deploy/handbuch/" + $0 }

  private static var pages: [String] {
    let folder = top.appending(path: "deploy/handbuch").path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".md") }.sorted()
  }

  /// Every document of the project.
  static var all: [String] {
    let sources = top.appending(path: "Sources").path
    let names = FileManager.default.enumerator(atPath: sources)?.compactMap { $0 as? String } ?? []
    return documents + names.filter { $0.hasSuffix(".md") }.sorted().map { "Sources/" + $0 }
  }

  private static func text(_ document: String) throws -> String {
    try String(contentsOf: top.appending(path: document), encoding: .utf8)
  }

  // MARK: - Blocks

  @Test(.timeLimit(.minutes(3)), arguments: documents)
  func `Every command in a block of a document does what it says`(document: String) throws {
    let script = try DocumentScript(Self.text(document))
    guard !script.isEmpty else { return }
    let root = FileManager.default.temporaryDirectory
      .appending(path: "kn-doc-\(UInt32.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: root) }
    let (port, other) = (try Kreis.freePort(), try Kreis.freePort())
    let shims = Self.top.appending(path: "Tests/Fixtures/handbook").path
    let begin =
      "source \(shims)/setup.sh\n" + (script.beginsWithNothing ? "" : "prepare >/dev/null\n")
    // As a shell would see it on a machine of its own.
    let text =
      begin
      + script.text.replacing("/var/lib/kreisnetz", with: "$ROOT/var/lib/kreisnetz")
      .replacing("/etc/kreisnetz", with: "$ROOT/etc/kreisnetz")
      .replacing("/srv/", with: "$ROOT/srv/")
      .replacing("https://hub.example.org:8443", with: "https://127.0.0.1:\(port)")
      .replacing("https://hub.example.org:9443", with: "https://127.0.0.1:\(other)")
    let file = root.appending(path: "script.sh")
    try Data(text.utf8).write(to: file)

    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = [file.path]
    process.environment = ProcessInfo.processInfo.environment.merging([
      "ROOT": root.path, "SHIMS": shims, "BINARY": CommandLineTool.binary.path,
      "DEPLOY": Self.top.appending(path: "deploy").path, "URL": "https://127.0.0.1:\(port)",
      "LC_ALL": "C.UTF-8",
    ]) { $1 }
    process.environment?["KREISNETZ_STATE"] = nil
    let log = root.appending(path: "output")
    try Data().write(to: log)
    let output = try FileHandle(forWritingTo: log)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    try process.run()
    process.waitUntilExit(seconds: 150)
    let shown = try String(contentsOf: log, encoding: .utf8)
    #expect(
      process.terminationStatus == 0 && process.terminationReason == .exit,
      "\(document) stopped at: \(shown.suffix(1_500))")
  }

  // MARK: - Commands within a line

  @Test(arguments: all)
  func `Every command that a line of a document names exists, with its options`(
    document: String
  ) throws {
    for command in DocumentScript.inlineCommands(try Self.text(document)) {
      let words = command.split(separator: " ").map(String.init).dropFirst()
      let path = words.prefix { word in
        word.allSatisfy { $0.isLowercase || $0 == "-" } && !word.hasPrefix("-")
      }
      // What stands behind a command's name may be an argument: "list organization".
      guard let help = try Self.longestHelp(Array(path)) else {
        Issue.record("\(document): there is no command „\(command)“")
        continue
      }
      for option in words where option.hasPrefix("--") && option != "--help" {
        let name = option.prefix { $0 != "=" }
        #expect(
          help.contains(name + " ") || help.contains(name + "\n") || help.contains(name + "]")
            || name == "--version",
          "\(document): „\(command)“ has no option \(name)")
      }
    }
  }

  /// The help of the command that begins a path: what follows its name are arguments.
  private static func longestHelp(_ path: [String]) throws -> String? {
    for count in (0...path.count).reversed() {
      guard let help = try help(Array(path.prefix(count))) else { continue }
      // A group takes no arguments: the next word should have been one of its commands.
      return count < path.count && help.contains("SUBCOMMANDS:") ? nil : help
    }
    return nil
  }

  /// The help of a command; `nil` if there is none of this name.
  private static func help(_ path: [String]) throws -> String? {
    let result = try CommandLineTool(state: nil)(path + ["--help"])
    let usage = result.output.split(separator: "\n").first { $0.hasPrefix("USAGE:") } ?? ""
    guard result.status == 0, (usage + " ").contains("kreisnetz " + path.map { $0 + " " }.joined())
    else { return nil }
    return result.output
  }
}

/// What a document has a shell do.
struct DocumentScript {
  /// Commands of its blocks, each announced, and the preparations between them.
  private(set) var text = ""
  private(set) var isEmpty = true
  /// Whether the document itself sets everything up.
  private(set) var beginsWithNothing = false

  /// Takes the blocks ```` ```sh ````, and the comments that begin with `test`, which readers do not see:
  /// they bring about what a reader has before he comes to the next block.
  init(_ document: String) {
    var kind: Kind?
    for line in document.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      switch (kind, line) {
      case (nil, "```sh"): kind = .shown
      case (nil, "<!-- test from nothing -->"): beginsWithNothing = true
      case (nil, "<!-- test"): kind = .hidden
      case (nil, let other) where other.hasPrefix("```"): kind = .other
      case (.shown?, "```"), (.other?, "```"), (.hidden?, "-->"): kind = nil
      case (.shown?, let command):
        isEmpty = false
        if !continues { text += "echo '>' \(Self.quoted(command))\n" }
        text += command + "\n"
      case (.hidden?, let command): text += command + "\n"
      case (nil, _), (.other?, _): break
      }
      continues = line.hasSuffix("\\")
    }
  }

  private var continues = false

  private enum Kind { case shown, hidden, other }

  private static func quoted(_ text: String) -> String {
    "'" + text.replacing("'", with: "'\\''") + "'"
  }

  /// What stands in backquotes and begins with the program's name.
  static func inlineCommands(_ document: String) -> Set<String> {
    var isBlock = false
    var out: Set<String> = []
    for line in document.split(separator: "\n") {
      if line.hasPrefix("```") { isBlock.toggle() }
      guard !isBlock else { continue }
      for (index, part) in line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
      where !index.isMultiple(of: 2) && part.hasPrefix("kreisnetz ") { out.insert(String(part)) }
    }
    return out
  }
}
