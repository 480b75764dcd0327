import Foundation

/// The disks of one simulation: files on a memory file system where there is one.
final class Disk {
  private let directory: String
  private var files = 0

  init() throws {
    var isDirectory: ObjCBool = false
    let shared = "/dev/shm"
    let base =
      FileManager.default.fileExists(atPath: shared, isDirectory: &isDirectory)
        && isDirectory.boolValue ? shared : NSTemporaryDirectory()
    directory = base + "/kreisnetz-sim-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  /// A path where nothing is.
  func newPath() -> String {
    files += 1
    return "\(directory)/\(files).sqlite"
  }

  /// A file with this content.
  func write(_ image: Data) throws -> String {
    let path = newPath()
    try image.write(to: URL(filePath: path))
    return path
  }

  /// What a process that was killed leaves behind: the database and its write-ahead log as they are.
  /// They go under a new name, because closing the old database would tidy up.
  func copy(_ path: String) throws -> String {
    let copy = newPath()
    for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path + suffix) {
      try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
    }
    return copy
  }
}
