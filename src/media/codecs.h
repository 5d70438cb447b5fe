#pragma once

#include <string>

#include "base/result.h"
#include "media/bytes.h"
#include "media/fmp4/init_segment.h"

namespace shoal::media {

/// The RFC 6381 name of what a `stsd` entry describes: avc1.64001f, mp4a.40.2, hvc1.1.6.L93.B0,
/// av01.0.04M.08, vp09.00.31.08, opus, flac, ac-3, ec-3. Errors: corrupt; unsupported for others.
Result<std::string> codec_string(ByteView sample_entry);

/// Those of all tracks of an initialization segment, as playlists name them: "avc1.…,mp4a.40.2".
Result<std::string> codec_strings(const fmp4::InitSegment& init);

/// The decoder configuration inside a `stsd` entry (`avcC`, `hvcC`, `av1C`, `vpcC`, `esds`, `dOps`,
/// `dfLa`; payload only): what two separately encoded stretches must share to be one track.
Result<ByteView> decoder_configuration(ByteView sample_entry);

/// The entry without its `btrt` box, which a muxer fills in from the content it happened to see.
/// Unknown entries are returned as they are. Errors: corrupt.
Result<Bytes> stable_sample_entry(ByteView sample_entry);

}  // namespace shoal::media
