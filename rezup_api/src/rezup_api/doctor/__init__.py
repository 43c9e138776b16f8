"""Find out what is wrong with a machine, change nothing, and say the way out of each trouble.

- `observation`: what a check sees, and the diagnosis that all of them make
- `scene`: what the checks look at, found once for all
- `examination`: the table of all checks, and how they run
- `program_checks`, `shell_checks`, `startup_files`, `local_root_checks`, `remote_root_checks`, `network_checks`,
  `machine_checks`, `container_checks`: the checks
- `report_text`: a diagnosis as a text to paste into a bug report, without secrets
"""

from rezup_api import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api.doctor.examination import examine as examine, keep_fault as keep_fault
    from rezup_api.doctor.observation import Diagnosis as Diagnosis, Observation as Observation
    from rezup_api.doctor.report_text import report_of as report_of
    from rezup_api.doctor.scene import Installation as Installation

offer(
    globals(),
    {
        "examination": "examine keep_fault",
        "observation": "Diagnosis Observation",
        "report_text": "report_of",
        "scene": "Installation",
    },
)
