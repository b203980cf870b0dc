"""The host's counters, read from a directory that looks like ``/``."""

from suite.measure.telemetry.linux import LinuxCPU

STAT = "cpu  {user} 0 100 {idle} 0 0 0 0 0 0\ncpu0 1 1 1 1 0 0 0 0 0 0\n"


def host(tmp_path, *, user=100, idle=800, energy=(1_000_000,), span=1_000_000_000):
    (tmp_path / "proc").mkdir(exist_ok=True)
    (tmp_path / "proc/stat").write_text(STAT.format(user=user, idle=idle))
    (tmp_path / "proc/meminfo").write_text(
        "MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:  400 kB\n"
    )
    for number, counter in enumerate(energy):
        package = tmp_path / f"sys/class/powercap/intel-rapl:{number}"
        package.mkdir(parents=True, exist_ok=True)
        (package / "energy_uj").write_text(f"{counter}\n")
        (package / "max_energy_range_uj").write_text(f"{span}\n")
        # Cores are a part of their package and must not be counted twice.
        core = tmp_path / f"sys/class/powercap/intel-rapl:{number}:0"
        core.mkdir(exist_ok=True)
        (core / "energy_uj").write_text("999\n")
    return tmp_path


def values(linux):
    (reading,) = linux.read()
    assert reading.device == "host"
    return reading.values


def test_load_needs_two_readings(tmp_path):
    linux = LinuxCPU(host(tmp_path))
    assert "utilisation" not in values(linux)
    host(tmp_path, user=130, idle=870)
    assert values(linux)["utilisation"] == 0.3
    assert "utilisation" not in values(linux), "no tick has passed"


def test_memory(tmp_path):
    found = values(LinuxCPU(host(tmp_path)))
    assert found["memory_total_bytes"] == 1000 * 1024
    assert found["memory_used_bytes"] == 600 * 1024


def test_energy_adds_packages_and_undoes_wraps(tmp_path):
    linux = LinuxCPU(host(tmp_path, energy=(5_000_000, 900_000_000)))
    assert values(linux)["energy_j"] == 905
    host(tmp_path, energy=(6_000_000, 100_000_000))
    assert values(linux)["energy_j"] == 1106
    host(tmp_path, energy=(6_500_000, 150_000_000))
    assert values(linux)["energy_j"] == 1156.5


def test_energy_is_absent_when_a_package_cannot_be_read(tmp_path):
    host(tmp_path, energy=(1, 2))
    (tmp_path / "sys/class/powercap/intel-rapl:1/energy_uj").unlink()
    assert "energy_j" not in values(LinuxCPU(tmp_path))


def test_a_virtual_machine_without_counters(tmp_path):
    found = values(LinuxCPU(host(tmp_path, energy=())))
    assert "energy_j" not in found
    assert "power_w" not in found


def test_hottest_sensor_and_mean_clock(tmp_path):
    chip = tmp_path / "sys/class/hwmon/hwmon3"
    chip.mkdir(parents=True)
    (chip / "name").write_text("coretemp\n")
    (chip / "temp1_input").write_text("51000\n")
    (chip / "temp2_input").write_text("63000\n")
    other = tmp_path / "sys/class/hwmon/hwmon4"
    other.mkdir()
    (other / "name").write_text("nvme\n")
    (other / "temp1_input").write_text("99000\n")
    for core, clock in ((0, 2_000_000), (1, 3_000_000)):
        directory = tmp_path / f"sys/devices/system/cpu/cpu{core}/cpufreq"
        directory.mkdir(parents=True)
        (directory / "scaling_cur_freq").write_text(f"{clock}\n")
    found = values(LinuxCPU(tmp_path))
    assert found["temperature_c"] == 63
    assert found["clock_mhz"] == 2500


def test_nothing_readable_gives_no_reading(tmp_path):
    assert LinuxCPU(tmp_path).read() == []


def test_this_machine_is_read():
    linux = LinuxCPU()
    linux.read()
    found = values(linux)
    assert found["memory_total_bytes"] > found["memory_used_bytes"] > 0
    assert 0 <= found.get("utilisation", 0) <= 1
