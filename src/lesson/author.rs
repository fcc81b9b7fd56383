//! A lesson begun from a project: a folder with a plan of one step and a card to write on.

use std::fs;
use std::path::Path;

use super::plan::{Plan, StepPlan};
use super::{CARDS, LessonError, PLAN};
use crate::project::Project;
use crate::project::whole::write_whole;

const SKELETON: &str = "# TITLE

One or two sentences: what one can do afterwards.

## The first step

What the pupil reads. **Bold**, *italic*, `code`, lists, tables, pictures `![what it shows](picture.png)` of this folder, and
formulas such as $w \\leftarrow w - \\eta\\, g$.

### Question

A question to answer before the run. Take it out where there is none.

- [ ] A wrong choice
- [x] The right choice

### Answer

Why it is so. It is shown when the question has been answered.
";

/// Writes a lesson that begins with this project and shows this view. A folder that holds one already is left as it is.
pub fn begin(folder: &Path, project: &Project, view: Option<&str>) -> Result<(), LessonError> {
    if folder.join(PLAN).exists() || folder.join(CARDS).exists() {
        return Err(LessonError::file(folder, "holds a lesson already; name another folder"));
    }
    let fail = |error: &dyn std::fmt::Display| LessonError::file(folder, error);
    let step = StepPlan { view: view.map(str::to_owned), ..StepPlan::default() };
    let project_fields = serde_json::to_value(project).map_err(|error| fail(&error))?;
    let plan = Plan { minutes: 15, project: project_fields, steps: vec![step] };
    let text = serde_json::to_string_pretty(&plan).map_err(|error| fail(&error))?;
    fs::create_dir_all(folder).map_err(|error| fail(&error))?;
    write_whole(&folder.join(PLAN), (text + "\n").as_bytes()).map_err(|error| fail(&error))?;
    let cards = SKELETON.replace("TITLE", &project.name);
    write_whole(&folder.join(CARDS), cards.as_bytes()).map_err(|error| fail(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::Lesson;

    #[test]
    fn what_is_begun_is_a_lesson() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("mine");
        let project = Project::find("spiral").unwrap();
        begin(&folder, &project, Some("learn")).unwrap();
        let lesson = Lesson::open(&folder).unwrap();
        assert_eq!((lesson.project, lesson.steps.len()), (project.clone(), 1));
        assert!(begin(&folder, &project, None).is_err());
    }
}
