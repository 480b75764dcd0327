import Foundation
import Testing

/// Files beside the database survive a power cut (I1): in which order the real binary syncs and
/// renames them.
@Suite struct FileOrderTests {
  private enum Call: Equatable {
    case write(String)
    case sync(String)
    case rename(from: String, to: String)
  }

  /// Runs a command and returns what it did to files below `folder`.
  private func calls(
    of arguments: [String], input: String? = nil, state: String, in folder: URL
  ) throws -> [Call] {
    let trace = folder.appending(path: "trace")
    try? FileManager.default.removeItem(at: trace)
    let environment = try Preloaded("file-order", in: folder).environment
      .merging(["FILE_ORDER": trace.path]) { $1 }
    let result = try CommandLineTool(state: state, environment: environment)(
      arguments, input: input)
    try #require(result.status == 0, "\(result.errors)")
    return try String(contentsOf: trace, encoding: .utf8).split(separator: "\n").compactMap {
      line in
      let words = line.split(separator: " ").map(String.init)
      guard words[1].hasPrefix(state) else { return nil }
      switch words[0] {
      case "write": return .write(words[1])
      case "sync": return .sync(words[1])
      default: return .rename(from: words[1], to: words[2])
      }
    }
  }

  /// Content before name, name before the next step.
  private func check(_ calls: [Call], state: String) -> Set<String> {
    var named: Set<String> = []
    for (index, call) in calls.enumerated() {
      guard case .rename(let from, let to) = call else { continue }
      let before = calls[..<index]
      let lastWrite = before.lastIndex(of: .write(from)) ?? -1
      #expect((before.lastIndex(of: .sync(from)) ?? -1) > lastWrite, "\(to): content not synced")
      let folder = URL(filePath: to).deletingLastPathComponent().path
      let next = calls[(index + 1)...].first { if case .sync = $0 { false } else { true } }
      let end = next.flatMap { calls[(index + 1)...].firstIndex(of: $0) } ?? calls.endIndex
      #expect(calls[index..<end].contains(.sync(folder)), "\(to): name not synced")
      named.insert(String(to.dropFirst(state.count + 1)))
    }
    return named
  }

  @Test
  func `Keys, certificates and a new database are synced before and after they get their name`()
    throws
  {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "kn-order-\(UInt32.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let state = folder.resolvingSymlinksInPath().path + "/hub"
    let calls = try calls(
      of: [
        "hub", "init", "--name", "Musterkreis", "--ags", "05999", "--url", "https://127.0.0.1:1",
      ], state: state, in: folder)
    let named = check(calls, state: state)
    #expect(named.isSuperset(of: ["keys/member-1.key", "keys/root.key", "kreisnetz.sqlite"]))
    // The database comes last: with it the directory is a replica, which must not lack a key.
    let moves = calls.compactMap { if case .rename(_, let to) = $0 { to } else { nil } }
    #expect(moves.last == state + "/kreisnetz.sqlite")
  }
}
