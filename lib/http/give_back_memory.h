// Memory that the allocator keeps after it was freed, given back to the system.
#pragma once

namespace maas {

// Of the calling thread's arena and of the main one, as far as their free space lies together.
// Takes milliseconds, and the next use of that space costs page faults: for idle moments.
void give_back_memory();

}  // namespace maas
