// SPDX-License-Identifier: EUPL-1.2

import CCrashDisk
import Foundation

/// A disk in memory that loses power; SQLite opens files on it by `path`.
///
/// Safe to share: all its functions may be called from any thread, and only `deinit` destroys it.
final class CrashDisk: @unchecked Sendable {
  private let disk: OpaquePointer
  let name: String

  /// How the power came back.
  enum Remains: UInt64, CaseIterable {
    case synced, all, torn, tornAndRubbish
  }

  init(_ name: String = UUID().uuidString) {
    precondition(crash_disk_register(1))
    guard let disk = crash_disk_make(name) else { preconditionFailure("disk \(name)") }
    self.disk = disk
    self.name = name
  }

  /// A disk with the same files, all durable.
  init(copying other: CrashDisk, name: String = UUID().uuidString) {
    guard let disk = crash_disk_copy(other.disk, name) else { preconditionFailure("disk \(name)") }
    self.disk = disk
    self.name = name
  }

  deinit { crash_disk_destroy(disk) }

  func path(_ file: String) -> String { "/crash-disk/\(name)/\(file)" }

  var operations: UInt64 { crash_disk_operations(disk) }
  var hasPower: Bool { crash_disk_has_power(disk) }
  var size: UInt64 { crash_disk_size(disk) }

  var lastOperation: String {
    var text = [CChar](repeating: 0, count: 200)
    crash_disk_last_operation(disk, &text, text.count)
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  func cutPower(after operations: UInt64 = 0) { crash_disk_cut_power(disk, operations) }
  func keepPower() { crash_disk_keep_power(disk) }

  func restore(_ remains: Remains, seed: UInt64 = 0) {
    crash_disk_restore(disk, seed &* 4 &+ remains.rawValue)
  }

  func kill() { crash_disk_kill(disk) }
  func setCapacity(_ bytes: UInt64) { crash_disk_set_capacity(disk, bytes) }

  func fail(_ fault: crash_disk_fault, after successes: UInt64 = 0, times: UInt64 = 1) {
    crash_disk_fail(disk, fault, successes, times)
  }

  func contents(of file: String) -> [UInt8]? {
    let size = crash_disk_export(disk, file, nil, 0)
    guard size >= 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(size))
    _ = crash_disk_export(disk, file, &bytes, bytes.count)
    return bytes
  }

  func put(_ bytes: [UInt8], as file: String) {
    precondition(crash_disk_import(disk, file, bytes, bytes.count))
  }

  func remove(_ file: String) { crash_disk_remove(disk, file) }
}
