// From the words of `maas distill` to a student's job.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "train/fit.h"
#include "transform/transform.h"
#include "transform_verb.h"

namespace maas {

struct StudentWords {
  std::vector<std::string> words;  // [TEACHER] [CONFIG] [key=value ...]
  std::string resume;              // a run folder; "" = a new run
};

struct StudentSetup {
  TransformInput input;       // the teacher, its graph fitted to the data; the whole config
  std::optional<Model> from;  // model.from: the network that the student begins as
};

// The student's config: data, train and eval as the teacher remembers them, then the config file,
// then key=value; the network is never the teacher's. The run is named after the teacher,
// "<teacher>-student", unless a setting names it. Throws Error{kUsage} without a teacher, and for a
// resumed run with other settings.
StudentSetup read_student(const StudentWords& words);

// Opens the data, builds the student, fits a stranger's teacher to the data (in `setup`), and gives
// the job its objective. Throws what make_job() and distilled() throw.
FitJob make_student(StudentSetup& setup);

// The job of transform() that compares the trained student with its teacher.
TransformJob student_transform(const StudentSetup& setup, const FitJob& job,
                               const Program& student);

}  // namespace maas
