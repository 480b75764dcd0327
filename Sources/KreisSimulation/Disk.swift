// SPDX-License-Identifier: EUPL-1.2

import CCrashDisk
import KreisCore
import Synchronization

/// A node's disk, in memory: what was not synced is lost, torn or reordered when its power is cut.
///
/// Safe to share: all of its functions may be called from any thread, and only `deinit` destroys it.
final class Disk: @unchecked Sendable {
  private let disk: OpaquePointer
  private let name: String
  private static let made = Mutex(0)

  init() {
    (disk, name) = Self.new { crash_disk_make($0) }
  }

  /// A disk with the same files, all durable.
  init(copying other: Disk) {
    (disk, name) = Self.new { crash_disk_copy(other.disk, $0) }
  }

  deinit { crash_disk_destroy(disk) }

  private static func new(_ make: (String) -> OpaquePointer?) -> (OpaquePointer, String) {
    let number = made.withLock { made in
      made += 1
      return made
    }
    let name = "simulated-\(number)"
    guard let disk = make(name) else { preconditionFailure("a second disk \(name)") }
    return (disk, name)
  }

  /// Makes disks the place where SQLite puts databases, and seeds its own random numbers.
  ///
  /// - Throws: `SimulationError` if SQLite refuses.
  static func prepare(seed: UInt64) throws {
    guard crash_disk_register(seed) else {
      throw SimulationError("SQLite does not take the disks of the simulation")
    }
  }

  var database: String { "/crash-disk/\(name)/kreisnetz.sqlite" }
  var hasPower: Bool { crash_disk_has_power(disk) }
  var size: UInt64 { crash_disk_size(disk) }

  /// The bytes of a file as they lie there; `nil` if there is none.
  func bytes(of file: String) -> [UInt8]? {
    let size = crash_disk_export(disk, file, nil, 0)
    guard size >= 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(size))
    let count = bytes.count
    _ = bytes.withUnsafeMutableBytes { crash_disk_export(disk, file, $0.baseAddress, count) }
    return bytes
  }

  /// Whether the database is in use, or was not closed in good order.
  var isOpen: Bool { crash_disk_export(disk, "kreisnetz.sqlite-wal", nil, 0) >= 0 }

  /// Cuts the power in the middle of the operation after so many more.
  func cutPower(after operations: Int) { crash_disk_cut_power(disk, UInt64(operations)) }

  /// Takes back a cut that has not come yet.
  func keepPower() { crash_disk_keep_power(disk) }

  /// Gives the power back. What was not synced, chance decides.
  func restore(_ chance: UInt64) { crash_disk_restore(disk, chance) }

  /// Ends the process that uses the disk, and nothing else.
  func kill() { crash_disk_kill(disk) }

  /// - Parameter bytes: that all files may have together; 0: no limit.
  func setCapacity(_ bytes: UInt64) { crash_disk_set_capacity(disk, bytes) }
}
