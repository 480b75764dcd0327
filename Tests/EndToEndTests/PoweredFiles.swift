// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// A folder on a disk that loses power, in memory: what its files hold, and what of it is durable.
///
/// Nothing is promised but this: a file's content is durable after a sync of the file, its name after
/// a sync of its folder. What was not synced may be there or not, sector by sector, name by name, in
/// any order; only a renaming happens wholly or not at all.
struct PoweredFiles {
  /// How the power comes back: with what was synced; with everything; with all names, but contents
  /// only as far as they were synced; or with what chance left.
  enum Remains: CaseIterable { case synced, all, names, torn }

  private enum Node: Equatable {
    case file(Int)
    case folder
    case link(String)
  }

  private struct Change {
    let offset: Int
    let bytes: [UInt8]
    /// The file's length afterwards.
    let length: Int
  }

  private struct Content {
    var seen: [UInt8] = []
    var durable: [UInt8] = []
    var changes: [Change] = []
  }

  private struct NameChange {
    let folder: String
    let removed: String?
    let added: (path: String, node: Node)?

    func apply(to names: inout [String: Node]) {
      if let removed { names[removed] = nil }
      if let added { names[added.path] = added.node }
    }
  }

  private var contents: [Content] = []
  /// The content that an inode stands for now; inodes are used again.
  private var inodes: [UInt64: Int] = [:]
  private var seen: [String: Node] = [:]
  private var durable: [String: Node] = [:]
  private var pending: [NameChange] = []

  /// The folder as it is, all durable.
  init(_ root: String) throws {
    for path in try FileManager.default.subpathsOfDirectory(atPath: root) where Self.counts(path) {
      let attributes = try FileManager.default.attributesOfItem(atPath: root + "/" + path)
      switch attributes[.type] as? FileAttributeType {
      case .typeDirectory: seen[path] = .folder
      case .typeSymbolicLink:
        let target = try FileManager.default.destinationOfSymbolicLink(atPath: root + "/" + path)
        seen[path] = .link(target)
      case .typeRegular:
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: root + "/" + path)))
        seen[path] = .file(contents.count)
        if let inode = attributes[.systemFileNumber] as? Int {
          inodes[UInt64(inode)] = contents.count
        }
        contents.append(Content(seen: bytes, durable: bytes))
      default: break
      }
    }
    durable = seen
  }

  /// Without the WAL's index, which is memory, and what nobody needs after a power cut.
  private static func counts(_ path: String) -> Bool {
    !path.hasSuffix("-shm") && !path.hasSuffix(".sock") && !path.hasSuffix("/lock")
      && path != "lock"
  }

  // MARK: - Steps

  mutating func apply(_ step: DiskJournal.Step) {
    switch step {
    case .create(let path, let inode):
      inodes[inode] = contents.count
      add(path, .file(contents.count))
      contents.append(Content())
    case .write(let path, let inode, let offset, let bytes):
      change(content(inode, path), offset, bytes)
    case .truncate(let path, let inode, let length):
      let content = content(inode, path)
      let count = contents[content].seen.count
      let zeros = [UInt8](repeating: 0, count: abs(count - length))
      change(content, min(count, length), zeros, length: length)
    case .sync(let path, let inode):
      let content = content(inode, path)
      contents[content].durable = contents[content].seen
      contents[content].changes = []
    case .syncFolder(let folder):
      for change in pending where change.folder == folder { change.apply(to: &durable) }
      pending.removeAll { $0.folder == folder }
    case .rename(let from, let to):
      if let node = seen[from] {
        note(NameChange(folder: Self.folder(to), removed: from, added: (to, node)))
      }
    case .link(let from, let to): if let node = seen[from] { add(to, node) }
    case .symlink(let path, let target): add(path, .link(target))
    case .unlink(let path):
      note(NameChange(folder: Self.folder(path), removed: path, added: nil))
    case .makeFolder(let path): add(path, .folder)
    }
  }

  private mutating func content(_ inode: UInt64, _ path: String) -> Int {
    if let content = inodes[inode] { return content }
    // Made by a call that is not noted.
    apply(.create(path, inode: inode))
    return contents.count - 1
  }

  private mutating func add(_ path: String, _ node: Node) {
    guard Self.counts(path) else { return }
    note(NameChange(folder: Self.folder(path), removed: nil, added: (path, node)))
  }

  private mutating func note(_ change: NameChange) {
    change.apply(to: &seen)
    pending.append(change)
  }

  private static func folder(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
  }

  private mutating func change(_ index: Int, _ offset: Int, _ bytes: [UInt8], length: Int? = nil) {
    let count = contents[index].seen.count
    let change = Change(
      offset: offset, bytes: bytes, length: length ?? max(count, offset + bytes.count))
    Self.write(change, to: &contents[index].seen)
    contents[index].changes.append(change)
  }

  private static func write(_ change: Change, to bytes: inout [UInt8]) {
    let end = change.offset + change.bytes.count
    if bytes.count < end { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
    bytes.replaceSubrange(change.offset..<end, with: change.bytes)
    if bytes.count > change.length { bytes.removeSubrange(change.length...) }
  }

  // MARK: - Power

  /// Turns the power off, and writes what is there afterwards into a new folder.
  func restore(_ remains: Remains, seed: UInt64, to folder: String) throws {
    var random = Seeded(state: seed)
    var names = durable
    for change in pending {
      let survives =
        switch remains {
        case .synced: false
        case .all, .names: true
        case .torn: Bool.random(using: &random)
        }
      if survives { change.apply(to: &names) }
    }
    let files = FileManager.default
    try files.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    // A folder comes before what is in it; what is in a folder that is gone is gone.
    for (path, node) in names.sorted(by: { $0.key < $1.key }) {
      let target = folder + "/" + path
      guard files.fileExists(atPath: (target as NSString).deletingLastPathComponent) else {
        continue
      }
      switch node {
      case .folder:
        try files.createDirectory(
          atPath: target, withIntermediateDirectories: false,
          attributes: [.posixPermissions: 0o700])
      case .link(let other):
        try files.createSymbolicLink(atPath: target, withDestinationPath: other)
      case .file(let index):
        let bytes =
          switch remains {
          case .all: contents[index].seen
          case .synced, .names: contents[index].durable
          case .torn: Self.torn(contents[index], &random)
          }
        _ = files.createFile(
          atPath: target, contents: Data(bytes), attributes: [.posixPermissions: 0o600])
      }
    }
  }

  /// Of each sector as many of its changes as chance says, and one of the lengths that the file had.
  private static func torn(_ content: Content, _ random: inout Seeded) -> [UInt8] {
    let sector = 512
    guard !content.changes.isEmpty else { return content.durable }
    var counts: [Int: Int] = [:]
    var bytes = content.durable
    let lengths = [bytes.count] + content.changes.map(\.length)
    bytes += [UInt8](repeating: 0, count: (lengths.max() ?? 0) - bytes.count)
    // How many changes each sector takes, by how many it was offered.
    var offered: [Int: Int] = [:]
    for change in content.changes where !change.bytes.isEmpty {
      for place in change.offset / sector...(change.offset + change.bytes.count - 1) / sector {
        offered[place, default: 0] += 1
      }
    }
    for place in offered.keys.sorted() {
      counts[place] = Int.random(in: 0...(offered[place] ?? 0), using: &random)
    }
    for change in content.changes where !change.bytes.isEmpty {
      let end = change.offset + change.bytes.count
      for place in change.offset / sector...(end - 1) / sector {
        guard let left = counts[place], left > 0 else { continue }
        counts[place] = left - 1
        let range = max(change.offset, place * sector)..<min(end, (place + 1) * sector, bytes.count)
        guard range.lowerBound < range.upperBound else { continue }
        bytes.replaceSubrange(
          range,
          with: change.bytes[
            (range.lowerBound - change.offset)..<(range.upperBound - change.offset)])
      }
    }
    return Array(bytes.prefix(lengths.randomElement(using: &random) ?? bytes.count))
  }

  /// Where the real folder differs from what the noted steps made of it: a step that was not noted.
  func differences(from root: String) throws -> [String] {
    let real = try PoweredFiles(root)
    func files(_ of: PoweredFiles) -> [String: [UInt8]] {
      of.seen.compactMapValues {
        if case .file(let index) = $0 { of.contents[index].seen } else { nil }
      }
    }
    let (here, there) = (files(self), files(real))
    return Set(here.keys).union(there.keys).filter { here[$0] != there[$0] }.sorted()
  }
}
