// SPDX-License-Identifier: EUPL-1.2

package import KreisCore

/// How an entry's salt and values lie in the columns `block`: as small as they are kept.
///
///     0 ‖ block                          if it would not become smaller
///     1 ‖ salt 16 ‖ Zstandard frame      of the values, made with the dictionary `values-1`
///
/// Nobody but the database knows of it: the header commits to the block as it was written, and so it
/// travels. Salt is random, and stays as it is. Without what directories have in common the words of one
/// entry hardly compress: 439 bytes of the bench's values become 335 alone and 160 with the dictionary, in
/// 3 microseconds, and are read in one.
///
/// A dictionary never changes, because what lies on disk can be read with it alone; a better one gets the
/// next number. `deploy/dictionary` made it, of invented data only.
package enum PackedBlock {
  private static let plain: UInt8 = 0
  private static let packed: UInt8 = 1
  private static let salt = 16

  /// For what looks for traces of destroyed values (I7).
  package static let dictionary = ZstdDictionary(PackageResources.values_1_zdict, level: 1)

  static func pack(_ block: [UInt8]) -> [UInt8] {
    let start = 1 + salt
    let small = [UInt8](unsafeUninitializedCapacity: block.count) { out, count in
      count = 0
      guard block.count > start else { return }
      block.withUnsafeBytes { block in
        let frame = UnsafeMutableRawBufferPointer(
          rebasing: UnsafeMutableRawBufferPointer(out)[start...])
        let values = UnsafeRawBufferPointer(rebasing: block[salt...])
        guard let size = dictionary.compress(values, into: frame) else { return }
        out[0] = packed
        for index in 0..<salt { out[1 + index] = block[index] }
        count = start + size
      }
    }
    return small.isEmpty ? [plain] + block : small
  }

  /// - Returns: the block as it was written. What was damaged on disk is handed out as it lies there: the
  ///   header's commitment, which every reader checks, shows that it is none.
  static func unpack(_ stored: UnsafeRawBufferPointer) -> [UInt8] {
    let start = 1 + salt
    switch stored.first {
    case plain: return Array(stored[1...])
    case packed where stored.count > start:
      let frame = UnsafeRawBufferPointer(rebasing: stored[start...])
      guard let size = ZstdDictionary.contentSize(frame), size <= Limits.block - salt else { break }
      let block = [UInt8](unsafeUninitializedCapacity: salt + size) { out, count in
        count = 0
        let values = UnsafeMutableRawBufferPointer(
          rebasing: UnsafeMutableRawBufferPointer(out)[salt...])
        guard dictionary.decompress(frame, into: values) else { return }
        for index in 0..<salt { out[index] = stored[1 + index] }
        count = salt + size
      }
      if !block.isEmpty { return block }
    default: break
    }
    return Array(stored)
  }

  static func unpack(_ stored: [UInt8]) -> [UInt8] { stored.withUnsafeBytes { unpack($0) } }
}
