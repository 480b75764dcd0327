// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisFuzz

// libFuzzer's driver for one parser: kreisnetz-fuzz TARGET [options and folders of libFuzzer].
// Built by deploy/fuzz alone. The compiler makes no `main` for what is fuzzed, and SwiftPM looks for
// it under this module's name.

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ run: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Set before the driver runs, on its one thread.
nonisolated(unsafe) private var target = FuzzTarget.body

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>?, _ length: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: bytes, count: length))
  do { _ = try target.run(input) } catch { fatalError("\(target): \(error)") }
  return 0
}

@_cdecl("kreisnetz_fuzz_main")
public func fuzzMain(
  _ count: CInt, _ values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> CInt {
  guard count > 1, let name = values[1], let chosen = FuzzTarget(rawValue: String(cString: name))
  else {
    let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
    FileHandle.standardError.write(Data("usage: kreisnetz-fuzz TARGET …, one of \(names)\n".utf8))
    return 2
  }
  target = chosen
  // Without the target's name.
  var arguments = values + 1
  arguments[0] = values[0]
  var rest = count - 1
  return runDriver(&rest, &arguments, fuzzOne)
}
