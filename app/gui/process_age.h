// How long this process has been running, for the time from start to the first picture.
#pragma once

namespace convscope {

/// Seconds since the process was started by the system (which counts in hundredths); 0 where that cannot be known.
double seconds_since_start();

}  // namespace convscope
