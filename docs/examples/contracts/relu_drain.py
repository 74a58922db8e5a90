"""Reference of the ReLU on the drain: called once for every beat that is taken."""


def reference(result_last_i, result_i):
    lanes = [(result_i >> (16 * lane)) & 0xFFFF for lane in range(4)]
    clipped = [0 if value & 0x8000 else value for value in lanes]
    return {
        "drain_last_o": result_last_i,
        "drain_o": sum(value << (16 * lane) for lane, value in enumerate(clipped)),
    }
