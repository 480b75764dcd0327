// SPDX-License-Identifier: EUPL-1.2

import Foundation
import Testing

/// What a process did to the files below a folder, as Tests/Fixtures/disk-journal.c noted it. Paths
/// are relative to the folder.
struct DiskJournal {
  enum Step {
    case create(String, inode: UInt64)
    case write(String, inode: UInt64, at: Int, [UInt8])
    case truncate(String, inode: UInt64, to: Int)
    case sync(String, inode: UInt64)
    case syncFolder(String)
    case rename(from: String, to: String)
    case link(from: String, to: String)
    case symlink(String, target: String)
    case unlink(String)
    case makeFolder(String)
  }

  let steps: [Step]

  /// - Parameter root: the folder, without symbolic links in its path.
  init(contentsOf file: URL, root: String) throws {
    let bytes = [UInt8](try Data(contentsOf: file))
    var at = 0
    func number() -> Int {
      defer { at += 8 }
      return (0..<8).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
    }
    func text(_ count: Int) -> String {
      defer { at += count }
      return String(decoding: bytes[at..<at + count], as: UTF8.self)
    }
    func relative(_ path: String) -> String {
      path == root ? "" : String(path.dropFirst(root.count + 1))
    }
    var steps: [Step] = []
    while at < bytes.count {
      let (kind, one, two) = (number(), number(), number())
      let (inode, offset, length) = (UInt64(number()), number(), number())
      let (path, other) = (relative(text(one)), text(two))
      switch kind {
      case 1: steps.append(.create(path, inode: inode))
      case 2:
        steps.append(.write(path, inode: inode, at: offset, Array(bytes[at..<at + length])))
        at += length
      case 3: steps.append(.truncate(path, inode: inode, to: length))
      case 4: steps.append(.sync(path, inode: inode))
      case 5: steps.append(.syncFolder(path))
      case 6: steps.append(.rename(from: path, to: relative(other)))
      case 7: steps.append(.link(from: path, to: relative(other)))
      case 8: steps.append(.unlink(path))
      case 9: steps.append(.makeFolder(path))
      default: steps.append(.symlink(path, target: other))
      }
    }
    self.steps = steps
  }
}

extension DiskJournal.Step: CustomStringConvertible {
  var description: String {
    switch self {
    case .create(let path, _): "create \(path)"
    case .write(let path, _, let offset, let bytes): "write \(path) \(offset)+\(bytes.count)"
    case .truncate(let path, _, let length): "truncate \(path) to \(length)"
    case .sync(let path, _): "sync \(path)"
    case .syncFolder(let path): "sync folder '\(path)'"
    case .rename(let from, let to): "rename \(from) to \(to)"
    case .link(let from, let to): "link \(from) as \(to)"
    case .symlink(let path, let target): "symlink \(path) to \(target)"
    case .unlink(let path): "unlink \(path)"
    case .makeFolder(let path): "make folder \(path)"
    }
  }
}
